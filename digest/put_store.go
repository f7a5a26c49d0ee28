package digest

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"broadsheet/internal/db"
)

// PutResult counts what became of incoming stories.
type PutResult struct {
	New       int
	Updated   int
	Unchanged int
	Untagged  int // of the new ones: they match no topic, so no reader gets them
	Folded    int // of the new ones: they became part of a story that was there
	Outdated  int // nothing became of them: a system told of a later change before
}

// Add adds other to r.
func (r *PutResult) Add(other PutResult) {
	r.New += other.New
	r.Updated += other.Updated
	r.Unchanged += other.Unchanged
	r.Untagged += other.Untagged
	r.Folded += other.Folded
	r.Outdated += other.Outdated
}

// putChunk is how many stories one transaction stores.
const putChunk = 200

// Put stores incoming stories, tagged by t. A story is known if its canonical
// URL is or was that of one, or if its source has sent its id before, whoever
// brought the story first: then what changed is stored as a new version, and
// nobody gets it again. Its links follow a source that sends its id with a URL
// that no other story has, its words what the newsroom made of them; a story
// without a URL whose id changes is known by its title and text. A new story that says nothing that
// one of the last days does not folds into that (see Article.LeadID). source is
// nil for the API and files. To a story that came from another source topics
// are only added, and its text is changed by the API and files alone, so that
// two feeds with the same story do not take turns in changing it. A mark that a
// known story comes without stays (see Incoming.Clears). Putting the same stories
// twice changes nothing.
func (s *Store) Put(ctx context.Context, t *Tagger, source *Source, stories []Incoming) (PutResult, error) {
	return s.put(ctx, put{tagger: t, source: source}, stories)
}

// PutFirst is Put for the first fetch of a source: what is old or has no date
// is then in nobody's window, so that a new source does not flood its readers.
func (s *Store) PutFirst(ctx context.Context, t *Tagger, source *Source, stories []Incoming) (PutResult, error) {
	return s.put(ctx, put{tagger: t, source: source, first: true}, stories)
}

// PutBy is Put for what somebody sends by the API, a file or by hand: what is new
// and what changes is put on record as the doing of who, such as "api:cms".
func (s *Store) PutBy(ctx context.Context, t *Tagger, who string, stories []Incoming) (PutResult, error) {
	return s.put(ctx, put{tagger: t, who: who}, stories)
}

// PutTold is PutBy for what a system of the newsroom tells by itself, as it does
// of each change to a story of years ago: what is new here but was published more
// than two days before is in nobody's window. What is older than the last that it
// told of a story changes nothing.
func (s *Store) PutTold(ctx context.Context, t *Tagger, told Told, story Incoming) (PutResult, error) {
	return s.put(ctx, put{tagger: t, who: told.Who, told: true, at: db.Millis(told.At)}, []Incoming{story})
}

func (s *Store) put(ctx context.Context, with put, stories []Incoming) (PutResult, error) {
	with.sent = make(map[string]bool, len(stories))
	for i := range stories {
		with.sent[stories[i].GUID] = true
	}
	var total PutResult
	for chunk := range slices.Chunk(stories, putChunk) {
		var p *put
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			p = &put{tx: tx, tagger: with.tagger, source: with.source, first: with.first, told: with.told, at: with.at, sent: with.sent, who: with.who, memory: &s.fold}
			return p.all(ctx, chunk, s.now)
		})
		if err != nil {
			return total, fmt.Errorf("store articles: %w", err)
		}
		s.fold.replace(p.fold.replaced)
		total.Add(p.result)
	}
	return total, nil
}

// put is one transaction of Put.
type put struct {
	tx      *db.Tx
	tagger  *Tagger
	source  *Source
	first   bool            // it is the first fetch of the source
	told    bool            // by a system that tells of old stories, too
	at      int64           // when that says that the story last changed, 0 for unknown
	sent    map[string]bool // the ids of all stories that came at once
	nextID  int64
	nextSeq int64
	now     int64
	byURL   map[string]*storedArticle
	byGUID  map[string]*storedArticle
	former  map[string]*storedArticle // by a URL that they had before or have elsewhere
	used    map[string]int            // how many stories of the chunk have an id
	fold    foldIndex
	memory  *foldMemory
	offered offered
	touched bool // mails look different now
	who     string
	notes   []putNote
	result  PutResult
}

func (p *put) sourceID() int64 {
	if p.source == nil {
		return 0
	}
	return p.source.ID
}

// origin is what readers see as where a story comes from.
func (p *put) origin(in *Incoming) string {
	if p.source != nil && p.source.Name != "" {
		return p.source.Name
	}
	if in.SiteName != "" {
		return in.SiteName
	}
	if u, err := url.Parse(in.URL); err == nil {
		return strings.TrimPrefix(u.Hostname(), "www.")
	}
	return ""
}

func (p *put) all(ctx context.Context, chunk []Incoming, now func() time.Time) error {
	// The counter's row lock makes transactions that bring articles follow one
	// another, so that numbers follow commits and no story is stored twice.
	seq, err := p.tx.NextIDs(ctx, "article_seq", 0)
	if err != nil {
		return err
	}
	p.nextSeq, p.now = seq, db.Millis(now()) // not the time before the wait: times follow commits, too
	p.used = make(map[string]int, len(chunk))
	for i := range chunk {
		p.used[chunk[i].GUID]++
	}
	if err := p.loadKnown(ctx, chunk); err != nil {
		return err
	}
	chunk = p.withoutOutdated(chunk)
	if err := p.adoptURLs(ctx, chunk); err != nil {
		return err
	}
	if err := p.renewGUIDs(ctx, chunk); err != nil {
		return err
	}
	if err := p.adoptGUIDs(ctx, chunk); err != nil {
		return err
	}
	if err := p.takeIDs(ctx, chunk); err != nil {
		return err
	}
	if err := p.prepareFold(ctx, chunk); err != nil {
		return err
	}
	for i := range chunk {
		in := &chunk[i]
		if known := p.find(in); known != nil {
			err = p.update(ctx, known, in)
		} else {
			err = p.insert(ctx, in)
		}
		if err != nil {
			return fmt.Errorf("%q: %w", in.Title, err)
		}
	}
	if err := p.storeBands(ctx); err != nil {
		return err
	}
	if used := p.nextSeq - seq; used > 0 {
		if _, err = p.tx.NextIDs(ctx, "article_seq", int(used)); err != nil {
			return err
		}
	}
	if p.touched || p.result.Updated > 0 {
		if err := touchContent(ctx, p.tx); err != nil {
			return err
		}
	}
	return p.record(ctx) // the counters in the order in which the desk locks them
}

// takeIDs takes an id for each story that is not known.
func (p *put) takeIDs(ctx context.Context, chunk []Incoming) (err error) {
	fresh := 0
	for i := range chunk {
		if p.find(&chunk[i]) == nil {
			fresh++
		}
	}
	if fresh > 0 {
		p.nextID, err = p.tx.NextIDs(ctx, "article", fresh)
	}
	return err
}

func (p *put) find(in *Incoming) *storedArticle {
	if in.URL != "" {
		if a := p.byURL[in.URL]; a != nil {
			return a
		}
	}
	if in.GUID != "" {
		if a := p.byGUID[in.GUID]; a != nil {
			return a
		}
	}
	return p.findFormer(in)
}

func (p *put) remember(a *storedArticle) {
	if a.url != "" {
		p.byURL[a.url] = a
	}
	if a.GUID != "" && a.SourceID == p.sourceID() {
		p.byGUID[a.GUID] = a
	}
}

// oldAtFirst is the age from which a story of the first fetch is no news.
const oldAtFirst = 48 * time.Hour

func (p *put) insert(ctx context.Context, in *Incoming) error {
	a := &storedArticle{
		ID: p.nextID, SourceID: p.sourceID(), GUID: in.GUID, url: in.URL, Version: 1, Priority: in.Priority,
		Access: in.Access, Audience: joinPairs(in.Audience), ToldAt: p.at,
	}
	p.nextID++
	a.content.take(in)
	published := db.Millis(in.PublishedAt)
	a.backlog = (p.first || p.told && published != 0) && p.now-published > oldAtFirst.Milliseconds()
	if published == 0 || published > p.now { // a date in the future would rank above all news for ever
		published = p.now
	}
	if embargo := db.Millis(in.EmbargoUntil); embargo > p.now {
		a.HeldAt, a.Embargo = p.now, embargo
	}
	var err error
	if a.LeadID, err = p.leadOf(ctx, a, in, published); err != nil {
		return err
	}
	if _, err := p.tx.Exec(ctx, `INSERT INTO articles (id, source_id, guid, url, source_name, priority, published_at, arrived_at,
		fresh_at, held_at, embargo_until, access, audience, lead_id, told_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7, $9, $10, $11, $12, $13, $14)`,
		a.ID, a.SourceID, a.GUID, a.url, p.origin(in), a.Priority, published, p.now,
		a.HeldAt, a.Embargo, string(a.Access), a.Audience, a.LeadID, a.ToldAt); err != nil {
		return err
	}
	if err := p.insertVersion(ctx, a); err != nil {
		return err
	}
	if err := p.place(ctx, a, p.tagger.Match(in, p.source)); err != nil {
		return err
	}
	p.result.New++
	p.noteNew(a)
	if !a.backlog { // nothing folds into what nobody gets
		p.fold.add(a.ID, p.fold.bands[in])
	}
	p.remember(a)
	return nil
}

// place gives a new story its topics, or those to its lead.
func (p *put) place(ctx context.Context, a *storedArticle, matches []TopicMatch) error {
	if a.LeadID != 0 {
		p.result.Folded++
		return p.foldInto(ctx, a, matches)
	}
	if len(matches) == 0 {
		p.result.Untagged++
	}
	return p.insertTopics(ctx, a, matches)
}

func (p *put) insertVersion(ctx context.Context, a *storedArticle) error {
	c := &a.content
	a.FromAt = max(a.FromAt, p.now) // another host's clock may be ahead
	_, err := p.tx.Exec(ctx, `INSERT INTO article_versions
		(article_id, version, from_at, url, title, summary, body, author, image_url, image_alt, language,
		image_width, image_height, image_credit, modified_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		a.ID, a.Version, a.FromAt, c.URL, c.Title, c.Summary, c.Body, c.Author, c.ImageURL, c.ImageAlt, c.Language,
		c.ImageWidth, c.ImageHeight, c.ImageCredit, c.ModifiedAt)
	return err
}

// insertTopics gives an article topics that it never had, under one number; what
// is old as its source comes has 0, which is in no window.
func (p *put) insertTopics(ctx context.Context, a *storedArticle, matches []TopicMatch) error {
	if len(matches) == 0 {
		return nil
	}
	seq := int64(0)
	if !a.backlog {
		seq = p.nextSeq
		p.nextSeq++
	}
	_, err := p.tx.ExecRows(ctx, `INSERT INTO article_topics (article_id, topic_id, seq, reason)
		SELECT $1, v.topic_id, $2, v.reason FROM {rows}`, matchColumns(matches), a.ID, seq)
	a.topics = append(a.topics, matches...)
	return err
}

func matchColumns(matches []TopicMatch) []db.Column {
	ids, reasons := make([]int64, len(matches)), make([]string, len(matches))
	for i, m := range matches {
		ids[i], reasons[i] = m.TopicID, m.Reason
	}
	return []db.Column{db.Ints("topic_id", ids), db.Texts("reason", reasons)}
}
