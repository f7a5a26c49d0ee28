package subscribers_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"broadsheet/internal/db/dbtest"
	"broadsheet/subscribers"
)

// TestImportHoursAndAttributes imports what a file says of hours and attributes,
// exports it, and imports that elsewhere.
func TestImportHoursAndAttributes(t *testing.T) {
	eachRhythmDesk(t, func(t *testing.T, k *desk) {
		k.catalog.Digests[1].Hours = []string{"18:00", "21:00"}
		k.wantImport("email,topics,Tier,plan,hour,digests\n"+
			"ann@example.com,arts;world,paid,gold,06:30,daily\n"+
			"bob@example.com,sport,,,18:00,\n"+
			"cat@example.com,,free,,weekly=21:00; daily=06:30,*\n"+
			"dan@example.com,,,basic,,\n", confirmed, "+4 ~0 =0 -0")
		for address, want := range map[string]string{
			"ann@example.com": ",plan=gold,tier=paid, | daily 06:30 ,3,1,",
			"bob@example.com": " | daily 18:00 ,2, | weekly 18:00 ,2,",
			"cat@example.com": ",tier=free, | daily 06:30 * | weekly 21:00 *",
			"dan@example.com": ",plan=basic, | daily  * | weekly  *",
		} {
			k.wantKnown(address, want)
		}
		if s := k.detail("ann@example.com"); s.Attributes.Value("tier") != "paid" || s.Attributes.Value("tie") != "" {
			t.Errorf("attributes are read as %q", s.Attributes.Pairs())
		}
		first := k.export()
		if !strings.HasPrefix(first, "email,name,status,topics,digests,timezone,language,mail_format,hour,paused_until,tier,plan\nann@example.com,,active,arts;world,daily,,,,daily=06:30,,paid,gold\n") {
			t.Errorf("the export is\n%s", first)
		}
		k.wantImport(first, confirmed, "+0 ~0 =4 -0")
		other := newRhythmDesk(t, dbtest.Open(t, k.db.Dialect()))
		other.catalog = k.catalog
		other.wantImport(first, confirmed, "+4 ~0 =0 -0")
		if second := other.export(); second != first {
			t.Errorf("imported and exported again:\n%s\nwant\n%s", second, first)
		}

		k.wantImport("email,tier,hour\nann@example.com,free,daily=\nbob@example.com,paid,\n", confirmed, "+0 ~2 =0 -0")
		k.wantKnown("ann@example.com", ",plan=gold,tier=free, | daily  ,3,1,")
		k.wantKnown("bob@example.com", ",tier=paid, | daily 18:00 ,2, | weekly 18:00 ,2,")
		k.catalog.Attributes = k.catalog.Attributes[1:] // tier is no longer declared
		k.wantImport("email,plan\nann@example.com,basic\n", confirmed, "+0 ~1 =0 -0")
		k.wantKnown("ann@example.com", ",plan=basic,tier=free, | daily  ,3,1,")
		if out := k.export(); strings.Contains(out, "tier") || strings.Contains(out, "free") {
			t.Errorf("an attribute that is not declared is exported:\n%s", out)
		}
	})
}

func (k *desk) wantKnown(address, want string) {
	k.t.Helper()
	d := k.detail(address)
	got := string(d.Attributes)
	for _, s := range d.Subscriptions {
		got += " | " + s.Digest + " " + s.Hour + " " + string(s.Topics)
	}
	if got != want {
		k.t.Errorf("%s: got %q, want %q", address, got, want)
	}
}

func (k *desk) export() string {
	k.t.Helper()
	var out bytes.Buffer
	_, err := k.Export(k.t.Context(), k.catalog, &out, subscribers.ExportOptions{})
	k.must(err)
	return out.String()
}

// TestImportHostileCells refuses rows whose cells could pass for more than one
// attribute or hour, and nothing else of the file.
func TestImportHostileCells(t *testing.T) {
	eachRhythmDesk(t, func(t *testing.T, k *desk) {
		for cells, want := range map[string]string{
			`"free,tier=paid",`:             `unknown tier "free,tier=paid", want one of free, paid`,
			`"paid,",`:                      `unknown tier "paid,"`,
			`PAID,`:                         `unknown tier "PAID"`,
			`"=paid",`:                      `unknown tier "=paid"`,
			`'=paid,`:                       `unknown tier "=paid"`,
			`%,`:                            `unknown tier "%"`,
			`paid;free,`:                    `unknown tier "paid;free"`,
			"paid\u202e,":                   `unknown tier`,
			`,6:30`:                         `no hour "6:30": there is The Daily at 06:30, 18:00`,
			`,06:31`:                        `no hour "06:31"`,
			`,dayly=06:30`:                  `unknown digest "dayly", did you mean "daily"?`,
			`,weekly=06:30`:                 `no hour "06:30": none of the digests has hours`,
			`,daily=06:30=18:00`:            `no hour "06:30=18:00"`,
			`,` + strings.Repeat("0", 5000): `no hour "0000`,
			`,06:30;99:99`:                  `no hour "99:99"`,
		} {
			got, err := k.imports("email,tier,hour\na@example.com,"+cells+"\nlast@example.com,,\n", subscribers.ImportOptions{DryRun: true})
			if k.must(err); !strings.HasPrefix(got, "+1 ~0 =0 -1\n2: "+want) {
				t.Errorf("%.60q: got %s, want a bad row with %s", cells, got, want)
			}
		}
		for header, want := range map[string]string{
			"email,tiers":      `unknown column "tiers", did you mean "tier"?`,
			"email,tier,Tier":  "the column tier is there twice",
			"email,plan,hours": `did you mean "hour"?`,
		} {
			if _, err := k.imports(header+"\n", confirmed); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("header %s: %v, want %s", header, err, want)
			}
		}
	})
}

// TestAddHoursAndAttributes enters them by hand.
func TestAddHoursAndAttributes(t *testing.T) {
	eachRhythmDesk(t, func(t *testing.T, k *desk) {
		add := func(in subscribers.Add) error {
			in.Address, in.Confirmed, in.Consent = "ann@example.com", true, "asked"
			return k.Add(t.Context(), k.catalog, in)
		}
		for want, in := range map[string]subscribers.Add{
			`hour: no hour "07:00": there is The Daily at 06:30, 18:00`:         {Hours: []string{"07:00"}},
			`hour: an hour for The Daily, which is not among the chosen`:        {Digests: []string{"weekly"}, Hours: []string{"daily=06:30"}},
			`hour: no hour "06:30": none of the digests has hours`:              {Digests: []string{"weekly"}, Hours: []string{"06:30"}},
			`attributes: unknown attribute "teir", did you mean "tier"?`:        {Attributes: []string{"teir=paid"}},
			`attributes: attribute "paid" is not like tier=paid`:                {Attributes: []string{"paid"}},
			`attributes: unknown tier "gold", want one of free, paid`:           {Attributes: []string{"tier=gold"}},
			`attributes: unknown tier "paid,plan=gold", want one of free, paid`: {Attributes: []string{"tier=paid,plan=gold"}},
		} {
			if err := add(in); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Add(%+v) = %v, want %s", in, err, want)
			}
		}
		k.must(add(subscribers.Add{Topics: []string{"sport", "world"}, Hours: []string{"18:00", "daily=06:30"}, Attributes: []string{"tier=free", "plan=gold", "tier=paid"}}))
		k.wantKnown("ann@example.com", ",plan=gold,tier=paid, | daily 06:30 ,2,1, | weekly  ,2,1,")
		if c := k.detail("ann@example.com").Consents[0]; !strings.HasSuffix(c.Detail, "topics=sport;world hours=daily=06:30") {
			t.Errorf("the record of consent is %q", c.Detail)
		}
	})
}

// TestImportPauses imports until when digests are paused, exports it, and imports
// that elsewhere; what is over is no pause.
func TestImportPauses(t *testing.T) {
	eachRhythmDesk(t, func(t *testing.T, k *desk) {
		k.wantImport("email,digests,timezone,paused_until\n"+
			"ann@example.com,*,Asia/Tokyo,2027-01-02\n"+
			"bob@example.com,*,,weekly=2027-01-02T06:00:00+01:00\n"+
			"cat@example.com,*,,2020-01-01\n"+
			"dan@example.com,daily,, daily=2027-01-02 ; daily=2027-01-03T00:00:00Z\n"+
			"eve@example.com,daily,,weekly=2027-01-02\n"+
			"fay@example.com,daily,,soon\n"+
			"gil@example.com,daily,,nope=2027-01-02\n", confirmed, "+4 ~0 =0 -3\n6: a pause of The Weekly, which is not among the chosen digests\n"+
			"7: unknown time \"soon\" to pause until, want such as 2026-12-24 or 2026-12-24T06:00:00Z\n8: unknown digest \"nope\"")
		for address, want := range map[string]string{
			"ann@example.com": "daily 2027-01-01T15:00:00Z weekly 2027-01-01T15:00:00Z",
			"bob@example.com": "weekly 2027-01-02T05:00:00Z", "cat@example.com": "", "dan@example.com": "daily 2027-01-03T00:00:00Z",
		} {
			k.wantPaused(address, want)
		}
		history := k.detail("bob@example.com").Consents
		if got := history[len(history)-1].Detail; !strings.HasSuffix(got, " paused_until=weekly=2027-01-02T05:00:00Z") {
			t.Errorf("the record of consent says %q", got)
		}
		first := k.export()
		if !strings.Contains(first, "paused_until") || !strings.Contains(first, "daily=2027-01-01T15:00:00Z;weekly=2027-01-01T15:00:00Z") {
			t.Errorf("the export is\n%s", first)
		}
		k.wantImport(first, confirmed, "+0 ~0 =4 -0")
		other := newRhythmDesk(t, dbtest.Open(t, k.db.Dialect()))
		other.catalog = k.catalog
		other.wantImport(first, confirmed, "+4 ~0 =0 -0")
		if second := other.export(); second != first {
			t.Errorf("imported and exported again:\n%s\nwant\n%s", second, first)
		}
		k.wantImport("email,paused_until\nann@example.com,weekly=\nbob@example.com,\ndan@example.com,2020-01-01\n", confirmed, "+0 ~1 =2 -0")
		k.wantPaused("ann@example.com", "daily 2027-01-01T15:00:00Z")
		k.wantPaused("bob@example.com", "weekly 2027-01-02T05:00:00Z")
		k.wantPaused("dan@example.com", "daily 2027-01-03T00:00:00Z")
		k.wait(365 * 24 * time.Hour)
		if out := k.export(); strings.Contains(out, "2027-01") {
			t.Errorf("pauses that are over are exported:\n%s", out)
		}
	})
}

func (k *desk) wantPaused(address, want string) {
	k.t.Helper()
	var got []string
	for _, s := range k.detail(address).Subscriptions {
		if !s.PausedUntil.IsZero() {
			got = append(got, s.Digest+" "+s.PausedUntil.UTC().Format(time.RFC3339))
		}
	}
	if text := strings.Join(got, " "); text != want {
		k.t.Errorf("%s is paused as %q, want %q", address, text, want)
	}
}

// TestImportFormats imports how readers want mails, exports it, and imports that
// elsewhere; an empty cell changes nothing.
func TestImportFormats(t *testing.T) {
	eachDesk(t, func(t *testing.T, k *desk) {
		k.wantImport("email,mail_format\nann@example.com,text\nbob@example.com,HTML\ncat@example.com,\ndan@example.com,pdf\n",
			confirmed, "+3 ~0 =0 -1\n5: unknown format \"pdf\", want html or text")
		want := map[string]subscribers.Format{"ann@example.com": subscribers.FormatText, "bob@example.com": subscribers.FormatHTML, "cat@example.com": subscribers.FormatHTML}
		for address, format := range want {
			if got := k.detail(address).Format; got != format {
				t.Errorf("%s has %q, want %q", address, got, format)
			}
		}
		first := k.export()
		if !strings.Contains(first, "mail_format") || !strings.Contains(first, "ann@example.com,,active,*,daily;weekly,,,text,") {
			t.Errorf("the export is\n%s", first)
		}
		k.wantImport(first, confirmed, "+0 ~0 =3 -0")
		other := newDesk(t, dbtest.Open(t, k.db.Dialect()))
		other.wantImport(first, confirmed, "+3 ~0 =0 -0")
		if second := other.export(); second != first {
			t.Errorf("imported and exported again:\n%s\nwant\n%s", second, first)
		}
		k.wantImport("email,mail_format\nann@example.com,\nbob@example.com,text\n", confirmed, "+0 ~1 =1 -0")
		k.wantImport("email,mail_format\nann@example.com,html\n", confirmed, "+0 ~1 =0 -0")
		if ann, bob := k.detail("ann@example.com").Format, k.detail("bob@example.com").Format; ann != subscribers.FormatHTML || bob != subscribers.FormatText {
			t.Errorf("ann has %q, bob %q", ann, bob)
		}
	})
}

func TestColumnsNameNoAttribute(t *testing.T) {
	for name, free := range map[string]bool{"tier": true, "hour": false, "paused_until": false, "mail_format": false, "email": false} {
		if err := subscribers.CheckAttributeName(name); (err == nil) != free {
			t.Errorf("%s: got %v, want it free %v", name, err, free)
		}
	}
}
