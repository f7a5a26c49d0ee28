package ingest

// Taken says what a part of a page or of a plain text was taken for.
type Taken struct {
	As   string // such as "headline", "byline", "picture", or "furniture" for what was left out
	From string // where it stood, such as "json-ld", "og:title" or "line 12"
	Text string // what stood there, plain text, not shortened
}
