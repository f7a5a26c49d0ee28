package main

import "time"

// What tests look at beside the program itself.
var (
	ProgressText  = progressText
	NewStatusLine = newStatusLine
)

// Draw draws a line.
func (s *statusLine) Draw(text string) { s.draw(text) }

// Speeds returns the speed after each count.
func Speeds(counts map[time.Duration]int64, at ...time.Duration) []float64 {
	var s speed
	var out []float64
	for _, d := range at {
		s.add(time.Unix(0, 0).Add(d), counts[d])
		out = append(out, s.perSecond())
	}
	return out
}
