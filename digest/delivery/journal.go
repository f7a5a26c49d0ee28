package delivery

import (
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"broadsheet/internal/db"
	"broadsheet/mail"
)

// Entry is what a journal says of one message: that its final dot was about to be written and, where the reply was
// read, what the relay answered.
type Entry struct {
	Edition, Day, Subscriber, Batch int64

	N          int       // which attempt of the delivery
	ComposedAt time.Time // when the message's text was read
	At         time.Time // of the line
	Replied    bool
	Answer     Answer // when Replied
}

// Answer is a relay's reply as journal and database keep it.
type Answer struct {
	Class    mail.Class // empty when the worker stopped itself before the dot
	Phase    mail.Phase
	Code     int
	Enhanced string
	Relay    string
	Text     string
}

const (
	journalSuffix = ".journal"
	secondSuffix  = ".journal2"
	journalSize   = 1 << 20  // octets of a generation before the other is used
	journalRoom   = 64 << 10 // octets that must be free before sending goes on after an error
)

// errNoJournal says that a journal could not be made or written.
var errNoJournal = errors.New("journal unusable")

// journal is the record of one worker process: appended to, never synced, so that it survives the death of the process
// and costs next to nothing. It has two generations, files that are emptied in turn once all they tell is in the
// database. The first one's lock is held as long as the process lives.
type journal struct {
	path string // of the first generation
	boot string

	mu          sync.Mutex
	generations [2]generation
	current     int
	seq         int64
	line        []byte
}

type generation struct {
	file *os.File
	size int64
	open int  // entries that are not in the database yet
	torn bool // the last line may be incomplete
}

// openJournal makes and locks the journal of a worker.
func openJournal(dir, worker string) (*journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("%w: %w", errNoJournal, err)
	}
	j := &journal{path: filepath.Join(dir, worker+journalSuffix), boot: bootID()}
	first, err := createLocked(j.path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoJournal, err)
	}
	second, err := os.OpenFile(filepath.Join(dir, worker+secondSuffix), os.O_CREATE|os.O_APPEND|os.O_RDWR|os.O_TRUNC, 0o600)
	if err != nil {
		first.Close()
		return nil, fmt.Errorf("%w: %w", errNoJournal, err)
	}
	j.generations = [2]generation{{file: first}, {file: second}}
	if err := j.head(); err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

// createLocked makes a new file and locks it. Whoever sweeps dead journals may have seen the file between the two and
// removed it: then the one at the path is another, or none.
func createLocked(path string) (*os.File, error) {
	for range 10 {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		locked, err := tryLock(f)
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		if locked && isAt(f, path) {
			return f, f.Truncate(0)
		}
		f.Close()
		time.Sleep(time.Millisecond)
	}
	return nil, fmt.Errorf("lock %s: another process holds it", path)
}

func isAt(f *os.File, path string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(path)
	return err == nil && os.SameFile(a, b)
}

// dot records that the final dot of a message is about to be written. It returns the generation, which the calls of
// reply and recorded for the entry name.
func (j *journal) dot(e *Entry) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.rotate(); err != nil {
		return 0, err
	}
	if err := j.write(j.current, 'D', e); err != nil {
		return 0, err
	}
	j.generations[j.current].open++
	return j.current, nil
}

// reply records what became of the message.
func (j *journal) reply(generation int, e *Entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.write(generation, 'R', e)
}

// recorded says that the database knows what became of the message.
func (j *journal) recorded(generation int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.generations[generation].open--
}

// rotate turns to the other generation when this one is large and nothing in the other is needed any more.
func (j *journal) rotate() error {
	other := 1 - j.current
	if j.generations[j.current].size < journalSize || j.generations[other].open > 0 {
		return nil
	}
	g := &j.generations[other]
	if err := g.file.Truncate(0); err != nil {
		return fmt.Errorf("%w: %w", errNoJournal, err)
	}
	g.size, g.torn = 0, false
	j.current = other
	return j.head()
}

// probe finds out whether there is room for more entries, and leaves the journal as it was.
func (j *journal) probe() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	g := &j.generations[j.current]
	_, err := g.file.Write(make([]byte, journalRoom))
	if err := errors.Join(err, g.file.Truncate(g.size)); err != nil {
		return fmt.Errorf("%w: %w", errNoJournal, err)
	}
	return nil
}

func (j *journal) head() error {
	j.line = append(append(j.line[:0], "H\t1\t"...), j.boot...)
	return j.append(j.current)
}

func (j *journal) write(generation int, kind byte, e *Entry) error {
	j.seq++
	j.line = append(j.line[:0], kind)
	for _, n := range [...]int64{
		j.seq, e.Edition, e.Day, e.Subscriber, e.Batch, int64(e.N), db.Millis(e.ComposedAt), db.Millis(e.At),
	} {
		j.line = append(j.line, '\t')
		j.line = strconv.AppendInt(j.line, n, 10)
	}
	if kind == 'R' {
		a := &e.Answer
		j.line = append(j.line, '\t')
		j.line = strconv.AppendInt(j.line, int64(a.Code), 10)
		for _, s := range [...]string{string(a.Class), string(a.Phase), a.Enhanced, a.Relay, a.Text} {
			j.line = append(append(j.line, '\t'), cleanText(s)...)
		}
	}
	return j.append(generation)
}

// append adds the checksum to the line and writes it in one call.
func (j *journal) append(generation int) error {
	g := &j.generations[generation]
	sum := crc32.ChecksumIEEE(j.line)
	j.line = append(j.line, '\t')
	j.line = strconv.AppendUint(j.line, uint64(sum), 16)
	j.line = append(j.line, '\n')
	if g.torn {
		j.line = append([]byte{'\n'}, j.line...)
	}
	n, err := g.file.Write(j.line)
	g.size += int64(n)
	g.torn = err != nil
	if err != nil {
		return fmt.Errorf("%w: %w", errNoJournal, err)
	}
	return nil
}

// remove deletes the journal, when all it tells is in the database.
func (j *journal) remove() error {
	err := removeJournal(j.path)
	j.close()
	return err
}

// close leaves the journal for whoever comes next.
func (j *journal) close() {
	for _, g := range j.generations {
		g.file.Close()
	}
}

// removeJournal deletes both generations, the one with the lock last, so that none is ever left without it.
func removeJournal(path string) error {
	second := strings.TrimSuffix(path, journalSuffix) + secondSuffix
	if err := os.Remove(second); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Remove(path)
}

// cleanText makes text fit for a line of the journal and for both databases.
func cleanText(s string) string {
	ok := utf8.ValidString(s)
	for i := 0; ok && i < len(s); i++ {
		ok = s[i] >= ' ' && s[i] != 0x7f
	}
	if ok {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// bootID tells apart the runs of this machine's kernel, where it says so: what was written before a power cut may not
// have reached the disk.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return cleanText(strings.TrimSpace(string(id)))
}
