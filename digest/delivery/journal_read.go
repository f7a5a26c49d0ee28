package delivery

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"broadsheet/internal/db"
	"broadsheet/mail"
)

// maxJournalLine is far above what a line can have.
const maxJournalLine = 16 << 10

// Journal is what was read from a worker's journal.
type Journal struct {
	Boot    string  // of the machine's run in which it was written, "" if unknown
	Entries []Entry // one a message, the last line about it decides
}

// ReadJournal reads a journal from its generations in any order. Lines that are torn, damaged or of no known kind are
// passed over: a worker dies in the middle of one.
func ReadJournal(generations ...io.Reader) (*Journal, error) {
	var out Journal
	var lines []journalLine
	for _, r := range generations {
		br := bufio.NewReaderSize(r, maxJournalLine)
		for {
			text, err := br.ReadSlice('\n')
			if errors.Is(err, bufio.ErrBufferFull) {
				continue // not one of ours: its end will not have the right checksum
			}
			if line, ok := parseJournalLine(text); ok {
				lines = append(lines, line)
			} else if boot, ok := parseJournalHead(text); ok {
				out.Boot = boot
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("read journal: %w", err)
			}
		}
	}
	out.Entries = mergeLines(lines)
	return &out, nil
}

type journalLine struct {
	seq   int64
	entry Entry
}

type entryKey struct {
	edition, subscriber int64
	n                   int
}

// mergeLines keeps the last line about each message, in the order of the first ones.
func mergeLines(lines []journalLine) []Entry {
	slices.SortStableFunc(lines, func(a, b journalLine) int {
		switch {
		case a.seq < b.seq:
			return -1
		case a.seq > b.seq:
			return 1
		}
		return 0
	})
	var out []Entry
	at := make(map[entryKey]int, len(lines))
	for _, l := range lines {
		key := entryKey{l.entry.Edition, l.entry.Subscriber, l.entry.N}
		if i, ok := at[key]; ok {
			out[i] = l.entry
			continue
		}
		at[key] = len(out)
		out = append(out, l.entry)
	}
	return out
}

// checkedFields splits a line whose checksum is right.
func checkedFields(text []byte) []string {
	text, complete := bytes.CutSuffix(text, []byte{'\n'})
	tab := bytes.LastIndexByte(text, '\t')
	if !complete || tab < 0 {
		return nil
	}
	sum, err := strconv.ParseUint(string(text[tab+1:]), 16, 32)
	if err != nil || uint32(sum) != crc32.ChecksumIEEE(text[:tab]) {
		return nil
	}
	return strings.Split(string(text[:tab]), "\t")
}

func parseJournalHead(text []byte) (boot string, ok bool) {
	f := checkedFields(text)
	if len(f) != 3 || f[0] != "H" {
		return "", false
	}
	return f[2], true
}

func parseJournalLine(text []byte) (journalLine, bool) {
	const numbers = 8
	f := checkedFields(text)
	if len(f) == 0 || f[0] != "D" && f[0] != "R" || f[0] == "D" && len(f) != 1+numbers || f[0] == "R" && len(f) != numbers+7 {
		return journalLine{}, false
	}
	var v [numbers]int64
	for i := range numbers {
		n, err := strconv.ParseInt(f[1+i], 10, 64)
		if err != nil {
			return journalLine{}, false
		}
		v[i] = n
	}
	e := Entry{
		Edition: v[1], Day: v[2], Subscriber: v[3], Batch: v[4], N: int(v[5]),
		ComposedAt: db.Time(v[6]), At: db.Time(v[7]),
	}
	if f[0] == "R" {
		code, err := strconv.Atoi(f[9])
		if err != nil {
			return journalLine{}, false
		}
		e.Replied = true
		e.Answer = Answer{
			Code: code, Class: mail.Class(f[10]), Phase: mail.Phase(f[11]), Enhanced: f[12], Relay: f[13], Text: f[14],
		}
	}
	return journalLine{v[0], e}, true
}

// readJournalFile reads the journal at the path of its first generation.
func readJournalFile(path string) (*Journal, error) {
	var readers []io.Reader
	for _, p := range []string{path, strings.TrimSuffix(path, journalSuffix) + secondSuffix} {
		f, err := os.Open(p)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read journal: %w", err)
		}
		defer f.Close()
		readers = append(readers, f)
	}
	return ReadJournal(readers...)
}
