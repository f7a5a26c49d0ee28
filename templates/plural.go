package templates

import (
	"fmt"
	"strings"

	"github.com/go-playground/locales"
)

// plural is a text that depends on a number, in the plural forms of CLDR. A
// language fills those that it has; other is in all of them.
type plural struct {
	zero, one, two, few, many, other string
}

// form is the text of a plural form.
func (p *plural) form(rule locales.PluralRule) string {
	switch rule {
	case locales.PluralRuleZero:
		return p.zero
	case locales.PluralRuleOne:
		return p.one
	case locales.PluralRuleTwo:
		return p.two
	case locales.PluralRuleFew:
		return p.few
	case locales.PluralRuleMany:
		return p.many
	}
	return p.other
}

// of is the text for n, to be filled with values.
func (c *catalogue) of(p *plural, n int) string {
	return p.form(c.locale.CardinalPluralRule(float64(n), 0))
}

// count fills the text for n with the number and what else it takes.
func (c *catalogue) count(p *plural, n int, values ...any) string {
	text := c.of(p, n)
	if !strings.Contains(text, "%") { // the number and all else is in words
		return text
	}
	return fmt.Sprintf(text, append([]any{c.number(n)}, values...)...)
}

// number is a number with its thousands apart.
func (c *catalogue) number(n int) string { return c.locale.FmtNumber(float64(n), 0) }
