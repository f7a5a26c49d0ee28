package subscribers

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// ExportOptions say how readers are written.
type ExportOptions struct {
	Filter
	For string // one of ForeignTools, whose import is to read the file; "" for our own columns
}

// layout is the columns of a file and how a reader stands in them.
type layout struct {
	columns []string
	record  func(r *Row) []string
}

// layoutFor is that of a tool's import. Tools but Ghost take every row for a
// reader to mail, so that their files have no state: which rows are written
// decides.
func layoutFor(tool string, c *Catalog, now func() time.Time) (layout, error) {
	switch tool {
	case "":
		return layout{c.exported(), func(r *Row) []string { return r.record(c, now()) }}, nil
	case "mailchimp":
		return layout{[]string{"Email Address", "First Name", "Last Name", "Tags"}, func(r *Row) []string {
			first, last := splitName(r.Name)
			return []string{arm(r.Address), arm(first), arm(last), arm(quotedTags(r))}
		}}, nil
	case "substack":
		return layout{[]string{"email", "name", "created_at"}, func(r *Row) []string {
			return []string{arm(r.Address), arm(r.Name), stamp(r.CreatedAt)}
		}}, nil
	case "ghost":
		return layout{[]string{"email", "name", "subscribed_to_emails", "labels", "created_at"}, func(r *Row) []string {
			return []string{arm(r.Address), arm(r.Name), fmt.Sprint(r.Shown() == StateActive), arm(strings.Join(tagsOf(r), ",")), stamp(r.CreatedAt)}
		}}, nil
	case "listmonk":
		return layout{[]string{"email", "name", "attributes"}, listmonkRecord}, nil
	case "buttondown":
		return layout{[]string{"email_address", "tags", "creation_date"}, func(r *Row) []string {
			return []string{arm(r.Address), arm(strings.Join(tagsOf(r), ",")), stamp(r.CreatedAt)}
		}}, nil
	case "beehiiv":
		return layout{[]string{"email", "first_name", "last_name", "tags", "created_at"}, func(r *Row) []string {
			first, last := splitName(r.Name)
			return []string{arm(r.Address), arm(first), arm(last), arm(strings.Join(tagsOf(r), ",")), stamp(r.CreatedAt)}
		}}, nil
	}
	return layout{}, fmt.Errorf("unknown tool %q%s; there are %s", shorten(tool), DidYouMean(tool, ForeignTools()), strings.Join(ForeignTools(), ", "))
}

func listmonkRecord(r *Row) []string {
	values := map[string]any{"topics": r.Topics, "digests": r.Digests}
	if r.Zone != "" {
		values["timezone"] = r.Zone
	}
	for _, pair := range r.Attributes.Pairs() {
		name, value, _ := strings.Cut(pair, "=")
		values[name] = value
	}
	text, err := json.Marshal(values)
	if err != nil {
		panic(err) // texts and lists of texts always have one
	}
	return []string{arm(r.Address), arm(r.Name), string(text)}
}

// tagsOf are a reader's topics, digests and attributes as tags.
func tagsOf(r *Row) []string {
	tags := append([]string{}, r.Topics...)
	tags = append(tags, r.Digests...)
	return append(tags, r.Attributes.Pairs()...)
}

// quotedTags are tags as Mailchimp writes them.
func quotedTags(r *Row) string {
	tags := tagsOf(r)
	for i, tag := range tags {
		tags[i] = `"` + strings.ReplaceAll(tag, `"`, "") + `"`
	}
	return strings.Join(tags, ",")
}

// splitName cuts a name before its last word.
func splitName(name string) (first, last string) {
	if at := strings.LastIndexByte(name, ' '); at > 0 {
		return name[:at], name[at+1:]
	}
	return name, ""
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
