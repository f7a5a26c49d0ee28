// Package ingest turns what comes from outside (feeds, files, the API's
// articles) into clean, checked stories, and fetches feeds without reaching
// into private networks.
//
// The way of a story: a Fetcher gets a feed's bytes; ParseFeed decodes and
// repairs them and reads the items. ReadJSON, ReadCSV and ParseArticle read
// stories that were handed to us. All of them end in Check, which cleans every
// field and refuses what cannot become an article. A Poller does this for the
// configured sources on their schedules and hands the stories to the store.
package ingest
