package subscribers

import "strings"

// foldAddress returns the mailbox behind a canonical address, as far as that is
// known: without what follows a plus, and for Gmail without dots and under one
// domain. It is for counting alone; a reader is always who was written.
func foldAddress(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address
	}
	local, domain := address[:at], address[at+1:]
	if plus := strings.IndexByte(local, '+'); plus > 0 {
		local = local[:plus]
	}
	if domain == "gmail.com" || domain == "googlemail.com" {
		if plain := strings.ReplaceAll(local, ".", ""); plain != "" {
			local = plain
		}
		domain = "gmail.com"
	}
	return local + "@" + domain
}
