// Package web is the HTTP server: the sign-up form, the pages behind the links
// in mails, the API for articles, and the checks of an operator. routes.go is
// the whole URL map.
//
// GET and HEAD change nothing. Every page works without script and cookies.
package web
