package templates

// Wrap is wrap, for tests.
var Wrap = wrap

// DrawProse is a text as it is drawn in a mail that is read from the left.
func DrawProse(p *Prose) string {
	theme, err := LoadTheme("broadsheet")
	if err != nil {
		return err.Error()
	}
	return string(drawProse(p, "ltr", theme.mails[digestFile].prose))
}
