package digest

// For the tests of package digest_test.

// ParseSelection reads the stored form of a selection.
func ParseSelection(text string) (Selection, error) { return parseSelection(text) }

// PageSize is how many subscriptions are planned in one transaction.
const PageSize = pageSize

// BatchSize is how many deliveries a worker leases at once.
const BatchSize = batchSize

// Story is a candidate as a test writes it: topics maps each of its topics to
// the number under which it came, a negative one if it is gone again.
type Story struct {
	ID, Published int64
	Priority      int
	Pinned        bool
	Topics        map[int64]int64
}

// Wish is what a reader asks for; no topics are all topics.
type Wish struct {
	Topics  []int64
	Only    int64
	Exclude []int64
	From    int64
	To      int64
}

// Choose ranks stories and picks from them for one reader of a digest that
// offers the given topics in that order.
func Choose(d Digest, offered []int64, stories []Story, wish Wish) Selection {
	d.topics = map[int64]int{}
	for i, id := range offered {
		d.topics[id] = i
	}
	var pool []candidate
	for _, s := range stories {
		c := candidate{id: s.ID, priority: s.Priority, pinned: s.Pinned, publishedAt: s.Published}
		for topic, seq := range s.Topics {
			c.topics = append(c.topics, topicSeq{topic, max(seq, -seq), seq < 0})
		}
		c.orderTopics(&d)
		pool = append(pool, c)
	}
	rank(pool)
	wants := choice{all: wish.Topics == nil, topics: map[int64]bool{}, only: wish.Only, exclude: map[int64]bool{}}
	for _, id := range wish.Topics {
		wants.topics[id] = true
	}
	for _, id := range wish.Exclude {
		wants.exclude[id] = true
	}
	return choose(&d, window{wish.From, wish.To}, 0, pool, &wants, nil)
}
