package digest

// ClickIn is a click on a story that stands in a section.
func ClickIn(c Click, section int64) Click { c.section = section; return c }

// ClickTo is a click on a slot that leads to a target.
func ClickTo(c Click, target string) Click { c.target = target; return c }

// Apply returns a link with its parameters.
func (t *LinkTags) Apply(link string, f *LinkFields) (string, error) { return t.apply(link, f) }
