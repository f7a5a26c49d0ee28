package subscribers

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// foreign is how another newsletter tool writes its readers to a file.
type foreign struct {
	name  string
	marks [][]string // each a choice of columns of which its files have one

	// The columns where it says something, of several the first that is there.
	email, first, last, zone              []string
	asked, confirmed, ended, active, from []string // times, and a network address
	labels                                []string // lists, tags or plans, which a mapping gives a meaning
	json                                  string   // the column of more values as a JSON object

	// status judges a row by its cells.
	status func(cell func(...string) string) (importStatus, error)
}

// foreigns are the tools whose files we read, by the columns that their
// exports are documented to have. Names of columns are in lower case.
func foreigns() []*foreign {
	return []*foreign{mailchimp(), substack(), ghost(), listmonk(), buttondown(), beehiiv()}
}

// ForeignTools are the names of the tools whose exports Import reads.
func ForeignTools() []string {
	var names []string
	for _, f := range foreigns() {
		names = append(names, f.name)
	}
	return names
}

// mailchimp writes one file for each state: subscribed, unsubscribed, cleaned
// and non-subscribed contacts. The states differ by their columns.
func mailchimp() *foreign {
	return &foreign{
		name: "mailchimp", marks: [][]string{{"email address"}, {"leid", "euid"}},
		email: []string{"email address"}, first: []string{"first name"}, last: []string{"last name"}, zone: []string{"timezone"},
		asked: []string{"optin_time"}, confirmed: []string{"confirm_time"}, ended: []string{"unsub_time", "clean_time"},
		from: []string{"confirm_ip", "optin_ip"}, labels: []string{"tags"},
		status: func(cell func(...string) string) (importStatus, error) {
			switch {
			case cell("clean_time") != "":
				return statusSuppressed, nil
			case cell("unsub_time") != "":
				return statusUnsubscribed, nil
			case cell("optin_time", "confirm_time") == "":
				return 0, errors.New("the contact never opted in: Mailchimp calls it non-subscribed")
			}
			return statusActive, nil
		},
	}
}

func substack() *foreign {
	return &foreign{
		name: "substack", marks: [][]string{{"email"}, {"active_subscription"}, {"email_disabled"}},
		email: []string{"email"}, first: []string{"name"}, asked: []string{"created_at"}, labels: []string{"plan"},
		status: func(cell func(...string) string) (importStatus, error) {
			if isTrue(cell("email_disabled")) {
				return statusUnsubscribed, nil
			}
			return statusActive, nil
		},
	}
}

func ghost() *foreign {
	return &foreign{
		name: "ghost", marks: [][]string{{"email"}, {"subscribed_to_emails"}},
		email: []string{"email"}, first: []string{"name"}, asked: []string{"created_at"}, ended: []string{"deleted_at"},
		labels: []string{"labels", "tiers"},
		status: func(cell func(...string) string) (importStatus, error) {
			if cell("deleted_at") != "" || !isTrue(cell("subscribed_to_emails")) {
				return statusUnsubscribed, nil
			}
			return statusActive, nil
		},
	}
}

// listmonk writes the state of a subscriber and, where a list is exported,
// that of the subscription to it.
func listmonk() *foreign {
	return &foreign{
		name: "listmonk", marks: [][]string{{"email"}, {"uuid"}, {"attributes"}, {"status"}},
		email: []string{"email"}, first: []string{"name"}, asked: []string{"created_at"}, labels: []string{"lists"}, json: "attributes",
		status: func(cell func(...string) string) (importStatus, error) {
			switch strings.ToLower(cell("subscription_status")) {
			case "unsubscribed":
				return statusUnsubscribed, nil
			case "unconfirmed":
				return statusPending, nil
			}
			return oneOf(cell("status"), map[string]importStatus{
				"enabled": statusActive, "disabled": statusUnsubscribed, "blocklisted": statusSuppressed,
			})
		},
	}
}

func buttondown() *foreign {
	return &foreign{
		name: "buttondown", marks: [][]string{{"email_address", "email"}, {"creation_date"}, {"type", "subscriber_type"}},
		email: []string{"email_address", "email"}, asked: []string{"creation_date"}, ended: []string{"unsubscription_date"},
		active: []string{"last_click_date", "last_open_date"}, from: []string{"ip_address"}, labels: []string{"tags"}, json: "metadata",
		status: func(cell func(...string) string) (importStatus, error) {
			return oneOf(cell("type", "subscriber_type"), map[string]importStatus{
				"regular": statusActive, "premium": statusActive, "gifted": statusActive, "trialed": statusActive, "past_due": statusActive,
				"churning": statusActive, "unactivated": statusPending, "unpaid": statusPending, "churned": statusPending,
				"unsubscribed": statusUnsubscribed, "removed": statusUnsubscribed,
				"complained": statusSuppressed, "undeliverable": statusSuppressed, "blocked": statusSuppressed, "spammy": statusSuppressed,
			})
		},
	}
}

func beehiiv() *foreign {
	return &foreign{
		name: "beehiiv", marks: [][]string{{"email"}, {"status"}, {"tier", "subscription_tier", "subscription tier", "utm_source", "acquisition_source"}},
		email: []string{"email"}, first: []string{"first name", "first_name", "name"}, last: []string{"last name", "last_name"},
		asked: []string{"created_at", "created at", "subscribed_at"}, ended: []string{"unsubscribed_at", "unsubscribed_on"},
		labels: []string{"tags", "tier", "subscription_tier", "subscription tier"},
		status: func(cell func(...string) string) (importStatus, error) {
			return oneOf(cell("status"), map[string]importStatus{
				"active": statusActive, "inactive": statusUnsubscribed, "unsubscribed": statusUnsubscribed,
				"pending": statusPending, "validating": statusPending, "needs_attention": statusPending, "invalid": statusSuppressed,
			})
		},
	}
}

func oneOf(value string, states map[string]importStatus) (importStatus, error) {
	if s, ok := states[strings.ToLower(value)]; ok {
		return s, nil
	}
	var known []string
	for name := range states {
		known = append(known, name)
	}
	slices.Sort(known)
	return 0, fmt.Errorf("unknown state %q, want one of %s", shorten(value), strings.Join(known, ", "))
}

func isTrue(s string) bool {
	return slices.Contains([]string{"true", "1", "yes", "t"}, strings.ToLower(s))
}

// recognise finds whose file has these columns, nil for none.
func recognise(columns []string) *foreign {
	for _, f := range foreigns() {
		if f.wrote(columns) {
			return f
		}
	}
	return nil
}

func foreignNamed(name string) *foreign {
	for _, f := range foreigns() {
		if f.name == strings.ToLower(name) {
			return f
		}
	}
	return nil
}

// needs tells the columns that its files have.
func (f *foreign) needs() string {
	var all []string
	for _, choice := range f.marks {
		all = append(all, strings.Join(choice, " or "))
	}
	return strings.Join(all, ", ")
}

func (f *foreign) wrote(columns []string) bool {
	return !slices.ContainsFunc(f.marks, func(choice []string) bool {
		return !slices.ContainsFunc(choice, func(name string) bool { return slices.Contains(columns, name) })
	})
}

// foreignRow reads the cells of one row of another tool's file.
type foreignRow struct {
	*foreign
	columns map[string]int // by name
	fields  []string
}

// cell is the first of the columns that is there and says something.
func (r *foreignRow) cell(names ...string) string {
	for _, name := range names {
		if at, ok := r.columns[name]; ok {
			if value := defuse(strings.TrimSpace(r.fields[at])); value != "" {
				return value
			}
		}
	}
	return ""
}

// dates are what the row says of the reader's past; zero where it says nothing.
func (r *foreignRow) dates() (d importDates, err error) {
	for _, want := range []struct {
		at      *time.Time
		columns []string
	}{{&d.asked, r.asked}, {&d.confirmed, r.confirmed}, {&d.ended, r.ended}, {&d.active, r.active}} {
		text := r.cell(want.columns...)
		if *want.at, err = parseForeignTime(text); err != nil {
			return importDates{}, err
		}
	}
	return d, nil
}

// name joins what the file keeps apart.
func (r *foreignRow) readerName() string {
	return strings.TrimSpace(r.cell(r.first...) + " " + r.cell(r.last...))
}

// tags are the labels of the row, from all its columns for them: separated by
// commas, and in quotes if they have one.
func (r *foreignRow) tags() []string {
	var tags []string
	for _, column := range r.labels {
		values, err := splitRow(nil, strings.ReplaceAll(r.cell(column), `, "`, `,"`))
		if err != nil {
			values = strings.Split(r.cell(column), ",")
		}
		for _, tag := range values {
			if tag = strings.Trim(strings.TrimSpace(tag), `[]"'`); tag != "" && !slices.Contains(tags, tag) {
				tags = append(tags, tag)
			}
		}
	}
	return tags
}

// more are the values of the row's JSON object, as texts.
func (r *foreignRow) more() map[string]string {
	values := map[string]any{}
	text := r.cell(r.json)
	if text == "" || json.Unmarshal([]byte(text), &values) != nil {
		return nil // what we do not understand of another tool is no reason to lose a reader
	}
	out := map[string]string{}
	for name, value := range values {
		if s, ok := value.(string); ok {
			out[strings.ToLower(name)] = s
		}
	}
	return out
}

// evidence tells where consent comes from, for the record of consent.
func (r *foreignRow) evidence(d importDates) string {
	parts := []string{"from=" + r.foreign.name}
	for _, at := range []struct {
		name string
		time time.Time
	}{{"asked_at", d.asked}, {"confirmed_at", d.confirmed}, {"ended_at", d.ended}} {
		if !at.time.IsZero() {
			parts = append(parts, at.name+"="+at.time.Format(time.RFC3339))
		}
	}
	return strings.Join(parts, " ")
}

// parseForeignTime reads the ways in which tools write times. A time without a
// zone is in UTC.
func parseForeignTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 MST",
		"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", time.DateOnly, "01/02/2006", "Jan 2, 2006"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC().Truncate(time.Millisecond), nil
		}
	}
	return time.Time{}, fmt.Errorf("unknown time %q, want such as 2026-11-23 07:00:00", shorten(text))
}
