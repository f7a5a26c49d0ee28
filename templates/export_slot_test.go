package templates

// DrawCreative is a creative as it is drawn in a mail.
func DrawCreative(c *Creative, link string, sponsored bool) string {
	return string(c.draw(link, nil, sponsored))
}
