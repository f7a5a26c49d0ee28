package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"broadsheet/digest"
	"broadsheet/digest/delivery"
	"broadsheet/internal/app"
)

// editionView is an edition as JSON shows it. Its keys are a promise to
// whoever reads it by a program.
type editionView struct {
	Edition       string           `json:"edition"`
	Kind          string           `json:"kind"`
	State         string           `json:"state"`
	Reason        string           `json:"reason"`   // why it is paused
	Approval      string           `json:"approval"` // "wanted", "approved" or ""
	CreatedAt     string           `json:"created_at"`
	Due           int64            `json:"due"`
	Sent          int64            `json:"sent"`
	Failed        int64            `json:"failed"`
	Expired       int64            `json:"expired"`
	Skipped       int64            `json:"skipped"`
	Uncertain     int64            `json:"uncertain"`
	Pending       int64            `json:"pending"`
	Waiting       int64            `json:"waiting"`         // of pending: for another try
	SentPerSecond float64          `json:"sent_per_second"` // in the last minute, 0 unless it is sending
	SecondsLeft   *int64           `json:"seconds_left"`    // null where it cannot be told
	FailedBy      map[string]int64 `json:"failed_by"`
	SkippedBy     map[string]int64 `json:"skipped_by"`
	Answers       []answerView     `json:"answers"`
	Runs          []runView        `json:"runs"`
	Edits         editsView        `json:"edits"`
	Changes       []changeView     `json:"changes"`
}

// editsView is what editors made of the edition.
type editsView struct {
	Version   int         `json:"version"` // 0 if nobody changed anything
	Subject   string      `json:"subject"`
	Preheader string      `json:"preheader"`
	Intro     string      `json:"intro"` // Markdown
	Stories   []storyView `json:"stories"`
}

type storyView struct {
	Article  int64  `json:"article"`
	Place    int    `json:"place"`    // in the editors' order, 0 for none
	Headline string `json:"headline"` // "" for its own
}

type changeView struct {
	At     string `json:"at"`
	By     string `json:"by"`
	Action string `json:"action"`
	Detail string `json:"detail"`
}

type answerView struct {
	Relay    string `json:"relay"`
	Class    string `json:"class"`
	Attempts int64  `json:"attempts"`
}

type runView struct {
	Zone      string `json:"zone"`
	DueAt     string `json:"due_at"`
	ExpiresAt string `json:"expires_at"`
	PlannedAt string `json:"planned_at"` // "" while it is being planned
	Due       int64  `json:"due"`
	FromSeq   int64  `json:"from_seq"`
	ToSeq     int64  `json:"to_seq"`
}

func (e *env) showEdition(ctx context.Context, a *app.App, key string) error {
	ed, err := findEdition(ctx, a, key)
	if err != nil {
		return err
	}
	store := delivery.NewStore(a.DB, a.Now)
	b, err := store.Balance(ctx, ed.ID)
	if err != nil {
		return err
	}
	var pace delivery.Pace
	if b.Pending > 0 {
		if pace, err = store.Pace(ctx, ed.ID); err != nil {
			return err
		}
	}
	answers, err := store.Answers(ctx, ed.ID)
	if err != nil {
		return err
	}
	runs, err := a.Digests.Runs(ctx, ed.ID)
	if err != nil {
		return err
	}
	v := newEditionView(ed, b, pace)
	v.add(answers, runs)
	if err := v.addEdits(ctx, a.Digests, ed); err != nil {
		return err
	}
	err = e.writeEdition(v, b)
	if !b.Balanced() {
		err = errors.Join(fmt.Errorf("edition %s does not balance", ed.Key), err)
	}
	return err
}

func newEditionView(ed *digest.Edition, b delivery.Balance, pace delivery.Pace) *editionView {
	v := &editionView{
		Edition: ed.Key, Kind: string(ed.Kind), State: string(ed.State), Reason: ed.Reason, Approval: string(ed.Approval), CreatedAt: plain(ed.CreatedAt),
		Due: b.Due, Sent: b.Sent, Failed: b.Failed, Expired: b.Expired, Skipped: b.Skipped, Uncertain: b.Uncertain,
		Pending: b.Pending, Waiting: pace.Waiting,
		FailedBy: b.FailedBy, SkippedBy: b.SkippedBy, Answers: []answerView{}, Runs: []runView{},
	}
	if ed.State != digest.EditionSending {
		return v
	}
	v.SentPerSecond = math.Round(pace.Sent*10) / 10
	if left, ok := pace.Left(b.Pending); ok {
		seconds := int64(left.Round(time.Second) / time.Second)
		v.SecondsLeft = &seconds
	}
	return v
}

func (v *editionView) add(answers []delivery.Answered, runs []digest.Run) {
	for _, a := range answers {
		v.Answers = append(v.Answers, answerView{a.Relay, string(a.Class), a.N})
	}
	for _, r := range runs {
		v.Runs = append(v.Runs, runView{
			r.Zone, plain(r.DueAt), plain(r.ExpiresAt), plain(r.PlannedAt), r.Due, r.FromSeq, r.ToSeq,
		})
	}
}

func (e *env) writeEdition(v *editionView, b delivery.Balance) error {
	switch e.output {
	case outputJSON:
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	case outputCSV:
		return v.facts().writeCSV(e.stdout)
	}
	fmt.Fprintf(e.stdout, "%s is %s", v.Edition, v.State)
	if v.Reason != "" {
		fmt.Fprintf(e.stdout, ": %s", printable(v.Reason))
	}
	if v.Approval != "" {
		fmt.Fprintf(e.stdout, ", approval %s", v.Approval)
	}
	fmt.Fprintln(e.stdout)
	e.printBalance(v.Edition, b)
	if line := v.paceLine(); line != "" {
		fmt.Fprintln(e.stdout, line)
	}
	return e.writeParts(v)
}

// writeParts writes what a table shows in rows.
func (e *env) writeParts(v *editionView) error {
	answers := &list{columns: []string{"relay", "class", "attempts"}}
	for _, a := range v.Answers {
		answers.add(a.Relay, a.Class, a.Attempts)
	}
	runs := &list{columns: []string{"zone", "due_at", "expires_at", "planned_at", "due", "window"}}
	for _, r := range v.Runs {
		runs.add(r.Zone, r.DueAt, r.ExpiresAt, r.PlannedAt, r.Due, fmt.Sprintf("(%d, %d]", r.FromSeq, r.ToSeq))
	}
	for _, part := range []*list{answers, runs, v.editsList(), v.changesList()} {
		if len(part.rows) == 0 {
			continue
		}
		fmt.Fprintln(e.stdout)
		if err := part.writeTable(e.stdout); err != nil {
			return err
		}
	}
	return nil
}

// paceLine says how fast it goes and how long it will take, "" for an edition
// that does not go.
func (v *editionView) paceLine() string {
	if v.State != string(digest.EditionSending) || v.Pending == 0 {
		return ""
	}
	line := "nothing was sent in the last minute"
	if v.SentPerSecond > 0 {
		line = rateText(v.SentPerSecond) + " sent a second in the last minute"
	}
	if v.SecondsLeft != nil {
		line += ", about " + durationText(float64(*v.SecondsLeft)) + " left"
	}
	if v.Waiting > 0 {
		line += ", " + grouped(v.Waiting) + " wait for another try"
	}
	return line
}

// facts is the edition as rows of one value each: CSV knows no lists within a
// row.
func (v *editionView) facts() *list {
	out := &list{columns: []string{"field", "name", "class", "value"}}
	for _, f := range []struct {
		name  string
		value any
	}{
		{"edition", v.Edition}, {"kind", v.Kind}, {"state", v.State}, {"reason", v.Reason}, {"approval", v.Approval}, {"created_at", v.CreatedAt},
		{"due", v.Due}, {"sent", v.Sent}, {"failed", v.Failed}, {"expired", v.Expired}, {"skipped", v.Skipped},
		{"uncertain", v.Uncertain}, {"pending", v.Pending}, {"waiting", v.Waiting}, {"sent_per_second", v.SentPerSecond},
	} {
		out.add(f.name, "", "", f.value)
	}
	left := ""
	if v.SecondsLeft != nil {
		left = fmt.Sprint(*v.SecondsLeft)
	}
	out.add("seconds_left", "", "", left)
	for _, by := range []struct {
		name    string
		reasons map[string]int64
	}{{"failed_by", v.FailedBy}, {"skipped_by", v.SkippedBy}} {
		for _, reason := range slices.Sorted(maps.Keys(by.reasons)) {
			out.add(by.name, reason, "", by.reasons[reason])
		}
	}
	for _, a := range v.Answers {
		out.add("answers", a.Relay, a.Class, a.Attempts)
	}
	for _, r := range v.Runs {
		out.add("run_due_at", r.Zone, "", r.DueAt)
		out.add("run_expires_at", r.Zone, "", r.ExpiresAt)
		out.add("run_planned_at", r.Zone, "", r.PlannedAt)
		out.add("run_due", r.Zone, "", r.Due)
		out.add("run_from_seq", r.Zone, "", r.FromSeq)
		out.add("run_to_seq", r.Zone, "", r.ToSeq)
	}
	v.addEditFacts(out)
	return out
}
