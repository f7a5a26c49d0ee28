// Package looks makes the pictures of docs/looks.md: the mails of both themes
// with the stories of the demo's newspaper, as a browser shows them. Its tests
// have the build tag "looks", because they need Chromium and write into docs.
package looks
