// Package templates holds the words and the looks: it turns a digest, a system
// mail or a page, given as plain data, into HTML and text.
//
// Whatever comes from outside (headlines, names, links) is escaped for the
// place where it stands. Story links and pictures that are not absolute http
// or https URLs are left out. The personal parts of a digest (its unsubscribe
// and preferences links and the reader's name) are written as they are given,
// so that a marker of letters and digits comes out byte for byte.
package templates
