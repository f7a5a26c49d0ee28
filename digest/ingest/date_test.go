package ingest_test

import (
	"strings"
	"testing"
	"time"

	"broadsheet/digest/ingest"
)

// zone loads a zone, nil for "".
func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	if name == "" {
		return nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestParseDate(t *testing.T) {
	const unknown = ""
	for _, c := range []struct {
		text     string
		want     string // RFC 3339 in UTC, or unknown
		zone     string // of the source
		language string
		note     string // a part of it
	}{
		// RFC 822 and its successors, with slips.
		{text: "Mon, 23 Nov 2026 06:30:00 +0100", want: "2026-11-23T05:30:00Z"},
		{text: "Mon, 23 Nov 2026 06:30:00 -0530", want: "2026-11-23T12:00:00Z"},
		{text: "Mon, 23 Nov 2026 06:30:00 -0000", want: "2026-11-23T06:30:00Z"},
		{text: "23 Nov 2026 06:30 GMT", want: "2026-11-23T06:30:00Z"},
		{text: "Mon 23 November 2026 06:30:00 UT", want: "2026-11-23T06:30:00Z"},
		{text: "Mon,23 Nov 26 6:30:00 Z", want: "2026-11-23T06:30:00Z"},
		{text: "Mon, 23 Nov 99 06:30:00 GMT", want: "1999-11-23T06:30:00Z", note: "it was a Tuesday, not a Monday"},
		{text: "Mon, 23 Nov 126 06:30:00 GMT", want: "2026-11-23T06:30:00Z"},
		{text: "Tue, 23 Nov 2026 06:30:00 GMT", want: "2026-11-23T06:30:00Z", note: "it was a Monday, not a Tuesday"},
		{text: "Mon, 23 Nov 2026 06:30:00GMT", want: "2026-11-23T06:30:00Z"},
		{text: "Mon, 23 Nov 2026 06:30:00 GMT+1", want: "2026-11-23T05:30:00Z"},
		{text: "Mon, 23 Nov 2026 06:30:00 UTC-05:00", want: "2026-11-23T11:30:00Z"},
		{text: "Mon, 23 Nov 2026 06:30:00 +01:00 (CET)", want: "2026-11-23T05:30:00Z"},
		{text: "Mon, 23 Nov 2026 06:30:00 (CET)", want: "2026-11-23T05:30:00Z"},
		{text: "Mon, 23 Nov 2026 06:30:00 (somewhere)", want: unknown, zone: "Europe/Berlin"},
		{text: "Mon, 23 Nov 2026 24:00:00 GMT", want: "2026-11-24T00:00:00Z"},
		{text: "Mon, 23 Nov 2026 24:00:01 GMT", want: unknown},
		{text: "Wed, 31 Dec 2025 23:59:60 GMT", want: "2026-01-01T00:00:00Z"},
		{text: "Mon, 23 Nov 2026 25:00:00 GMT", want: unknown},
		{text: "Mon, 23 Nov 2026 06:60:00 GMT", want: unknown},
		{text: "Mon, 31 Nov 2026 06:30:00 GMT", want: unknown},
		{text: "Sun, 29 Feb 2026 06:30:00 GMT", want: unknown},
		{text: "Thurs, 26 Nov 2026 06:30:00 +0000", want: "2026-11-26T06:30:00Z"},
		{text: "Wed, 23 Sept 2026 06:30:00 +0000", want: "2026-09-23T06:30:00Z"},
		{text: "Mon, 23 Nov 2026 06:30:00 +0000 GMT", want: "2026-11-23T06:30:00Z"},
		{text: "Mon, 23 Nov 2026 06:30:00 +0100 CEST", want: unknown},
		{text: "Mon, 23 Nov 2026 06:30:00 +1500", want: unknown},
		{text: "Mon, 23 Nov 2026 06:30:00 +0575", want: unknown},
		{text: "Mon, 23\u00a0Nov\u20092026 06:30:00 −0500", want: "2026-11-23T11:30:00Z"},
		{text: "Monday, 23-Nov-26 06:30:00 GMT", want: "2026-11-23T06:30:00Z"},

		// Names of zones.
		{text: "Mon, 23 Nov 2026 06:30:00 EST", want: "2026-11-23T11:30:00Z"},
		{text: "Thu, 23 Jul 2026 06:30:00 EDT", want: "2026-07-23T10:30:00Z"},
		{text: "Thu, 23 Jul 2026 06:30:00 EST", want: "2026-07-23T11:30:00Z", note: "EST is not in force in July"},
		{text: "Mon, 23 Nov 2026 06:30:00 CST", want: "2026-11-23T12:30:00Z"},
		{text: "Mon, 23 Nov 2026 06:30:00 CST", want: "2026-11-22T22:30:00Z", zone: "Asia/Shanghai"},
		{text: "Thu, 23 Jul 2026 06:30:00 PDT", want: "2026-07-23T13:30:00Z"},
		{text: "Thu, 23 Jul 2026 06:30:00 BST", want: "2026-07-23T05:30:00Z"},
		{text: "Thu, 23 Jul 2026 06:30:00 CEST", want: "2026-07-23T04:30:00Z"},
		{text: "Mo, 23 Nov 2026 06:30:00 MEZ", want: "2026-11-23T05:30:00Z"},
		{text: "Mon, 23 Nov 2026 06:30:00 IST", want: unknown},
		{text: "Mon, 23 Nov 2026 06:30:00 IST", want: "2026-11-23T01:00:00Z", zone: "Asia/Kolkata"},
		{text: "Mon, 23 Nov 2026 06:30:00 IST", want: "2026-11-23T04:30:00Z", zone: "Asia/Jerusalem"},
		{text: "Thu, 23 Jul 2026 06:30:00 IST", want: "2026-07-23T05:30:00Z", zone: "Europe/Dublin"},
		{text: "Mon, 23 Nov 2026 06:30:00 IST", want: unknown, zone: "Europe/Berlin"},
		{text: "Mon, 23 Nov 2026 06:30:00 +0530 IST", want: "2026-11-23T01:00:00Z"},
		{text: "Mon, 23 Nov 2026 06:30:00 AEDT", want: "2026-11-22T19:30:00Z"},
		{text: "Mon, 23 Nov 2026 06:30:00 ACST", want: "2026-11-22T21:00:00Z"},
		{text: "Mon, 23 Nov 2026 06:30:00 JST", want: "2026-11-22T21:30:00Z"},
		{text: "Mon, 23 Nov 2026 06:30:00 KST", want: "2026-11-22T21:30:00Z"},
		{text: "Mon, 23 Nov 2026 06:30:00 NZDT", want: "2026-11-22T17:30:00Z"},
		{text: "Mon, 23 Nov 2026 06:30:00 NPT", want: "2026-11-23T00:45:00Z"},
		{text: "Mon, 23 Nov 2026 06:30:00 XYZ", want: unknown, zone: "Europe/Berlin"},
		{text: "Mon, 23 Nov 2026 06:30:00 A", want: unknown, zone: "Europe/Berlin"},
		{text: "Mon, 23 Nov 2026 06:30:00 Europe/Berlin", want: "2026-11-23T05:30:00Z"},
		{text: "Mon, 23 Nov 2026 06:30:00 Mars/Olympus", want: unknown},
		{text: "November 23, 2026, 7:30 a.m. ET", want: "2026-11-23T12:30:00Z"},
		{text: "July 23, 2026 at 7:30 PM Pacific Time", want: "2026-07-24T02:30:00Z"},

		{text: "Mon, 23 Nov 2026 06:30:00 CET CEST", want: unknown},
		{text: "Mon, 23 Nov 2026 06:30:00 IST Asia/Kolkata", want: "2026-11-23T01:00:00Z"},

		// ISO 8601 and what looks like it.
		{text: "2026-11-23T06:30:00+01:00", want: "2026-11-23T05:30:00Z"},
		{text: "2026-11-23t06:30:00z", want: "2026-11-23T06:30:00Z"},
		{text: "2026-11-23T06:30Z", want: "2026-11-23T06:30:00Z"},
		{text: "2026-11-23T06:30:00.123456789Z", want: "2026-11-23T06:30:00.123456789Z"},
		{text: "2026-11-23T06:30:00,5Z", want: "2026-11-23T06:30:00.5Z"},
		{text: "2026-11-23T06:30,5Z", want: "2026-11-23T06:30:30Z"},
		{text: "2026-11-23T06,5Z", want: "2026-11-23T06:30:00Z"},
		{text: "2026-11-23T06:30,25Z", want: unknown},
		{text: "2026-11-23T06+01", want: "2026-11-23T05:00:00Z"},
		{text: "20261123T063000Z", want: "2026-11-23T06:30:00Z"},
		{text: "20261123T0630-0500", want: "2026-11-23T11:30:00Z"},
		{text: "20261123063000", want: "2026-11-23T06:30:00Z", zone: "UTC"},
		{text: "202611230630", want: "2026-11-23T06:30:00Z", zone: "UTC"},
		{text: "20261123063000123", want: "2026-11-23T06:30:00.123Z", zone: "UTC"},
		{text: "20261123", want: "2026-11-22T23:00:00Z", zone: "Europe/Berlin"},
		{text: "2026-W48-1T06:30:00Z", want: "2026-11-23T06:30:00Z"},
		{text: "2026W481T063000Z", want: "2026-11-23T06:30:00Z"},
		{text: "2026-W53-5", want: "2027-01-01T00:00:00Z", zone: "UTC"},
		{text: "2027-W53-1", want: unknown, zone: "UTC"},
		{text: "2026-W48", want: unknown, zone: "UTC"},
		{text: "2026-327T06:30:00Z", want: "2026-11-23T06:30:00Z"},
		{text: "2026-366", want: unknown, zone: "UTC"},
		{text: "2026-11-23T24:00:00Z", want: "2026-11-24T00:00:00Z"},
		{text: "2026-11-23 06:30:00", want: "2026-11-23T05:30:00Z", zone: "Europe/Berlin"},
		{text: "2026-11-23 06:30:00", want: "2026-11-23T06:30:00Z", note: "names no zone and is read as UTC"},
		{text: "2026-11-23 06:30:00 +0100", want: "2026-11-23T05:30:00Z"},
		{text: "2026-11-23 06:30:00.000 UTC", want: "2026-11-23T06:30:00Z"},
		{text: "2026/11/23 6:30 PM", want: "2026-11-23T18:30:00Z", zone: "UTC"},
		{text: "2026:11:23 06:30:00", want: "2026-11-23T06:30:00Z", zone: "UTC"},
		{text: "2026-11-23+01:00", want: "2026-11-22T23:00:00Z"},
		{text: "2026-11-23Z", want: "2026-11-23T00:00:00Z"},
		{text: "2026-11-23-05:00", want: unknown},
		{text: "2026-11-23T06:30:00+01:00[Europe/Berlin]", want: "2026-11-23T05:30:00Z"},
		{text: "2026-11-23T06:30:00+20:00", want: unknown},
		{text: "2026-23-11T06:30:00Z", want: unknown},
		{text: "2026-11-23T06:30:00Z+01:00", want: unknown},
		{text: "2026-11", want: unknown},
		{text: "2026", want: unknown},
		{text: "0000-00-00 00:00:00", want: unknown},
		{text: "0001-01-01T00:00:00Z", want: unknown},
		{text: "1970-01-01T00:00:00Z", want: unknown},

		// What programs print.
		{text: "Mon Nov 23 06:30:00 2026", want: "2026-11-23T06:30:00Z", zone: "UTC"},
		{text: "Mon Nov 23 06:30:00 CET 2026", want: "2026-11-23T05:30:00Z"},
		{text: "Mon Nov 23 06:30:00 +0100 2026", want: "2026-11-23T05:30:00Z"},
		{text: "Mon Nov 23 2026 07:30:00 GMT+0100 (CET)", want: "2026-11-23T06:30:00Z"},
		{text: "Mon Nov 23 2026 07:30:00 GMT+0100 (Central European Standard Time)", want: "2026-11-23T06:30:00Z"},
		{text: "23/Nov/2026:06:30:00 +0100", want: "2026-11-23T05:30:00Z"},
		{text: "/Date(1795415400000+0100)/", want: "2026-11-23T06:30:00Z"},

		// Counts since 1970.
		{text: "1795415400", want: "2026-11-23T06:30:00Z"},
		{text: "1795415400.25", want: "2026-11-23T06:30:00.25Z"},
		{text: "1795415400123", want: "2026-11-23T06:30:00.123Z"},
		{text: "1795415400123456", want: "2026-11-23T06:30:00.123456Z"},
		{text: "1795415400123456789", want: "2026-11-23T06:30:00.123456789Z"},
		{text: "1795415400123.5", want: unknown},
		{text: "946684800", want: "2000-01-01T00:00:00Z"},
		{text: "2026112306", want: unknown},
		{text: "12345", want: unknown},
		{text: "99999999999999999999", want: unknown},
		{text: "-1795415400", want: unknown},

		// Words of six languages.
		{text: "November 23, 2026", want: "2026-11-23T05:00:00Z", zone: "America/New_York"},
		{text: "Monday, November 23rd, 2026 at 12:30 am", want: "2026-11-23T00:30:00Z", zone: "UTC"},
		{text: "23rd of November 2026, 12 p.m.", want: "2026-11-23T12:00:00Z", zone: "UTC"},
		{text: "Nov. 23, 2026 7.30pm", want: "2026-11-23T19:30:00Z", zone: "UTC"},
		{text: "23. November 2026, 07:30 Uhr", want: "2026-11-23T06:30:00Z", zone: "Europe/Berlin"},
		{text: "Montag, den 23. November 2026 um 7.30 Uhr", want: "2026-11-23T06:30:00Z", zone: "Europe/Berlin"},
		{text: "Mo., 3. März 2026", want: "2026-03-02T23:00:00Z", zone: "Europe/Berlin", note: "it was a Tuesday, not a Monday"},
		{text: "7 Uhr am 23. Jänner 2026", want: "2026-01-23T06:00:00Z", zone: "Europe/Vienna"},
		{text: "12:30 am 23. Januar 2026", want: "2026-01-23T11:30:00Z", zone: "Europe/Berlin", language: "de"},
		{text: "23 novembre 2026 à 7h30", want: "2026-11-23T06:30:00Z", zone: "Europe/Paris"},
		{text: "le 1er août 2026 à 19 h", want: "2026-08-01T17:00:00Z", zone: "Europe/Paris"},
		{text: "lundi 23 nov. 2026, 07 h 05", want: "2026-11-23T06:05:00Z", zone: "Europe/Paris"},
		{text: "mar. 24 nov. 2026 07:30", want: "2026-11-24T06:30:00Z", zone: "Europe/Paris"},
		{text: "mar 3 mar 2026", want: "2026-03-02T23:00:00Z", zone: "Europe/Rome"},
		{text: "3 mar 2026", want: "2026-03-02T23:00:00Z", zone: "Europe/Rome"},
		{text: "lunes, 23 de noviembre de 2026 a las 7:30 p. m.", want: "2026-11-23T18:30:00Z", zone: "Europe/Madrid"},
		{text: "miércoles 2 de diciembre de 2026, 18:00 h", want: "2026-12-02T17:00:00Z", zone: "Europe/Madrid"},
		{text: "segunda-feira, 23 de novembro de 2026 às 07h30", want: "2026-11-23T10:30:00Z", zone: "America/Sao_Paulo"},
		{text: "1º de março de 2026, 19h05min", want: "2026-03-01T22:05:00Z", zone: "America/Sao_Paulo"},
		{text: "terça-feira, 24 nov 2026, 7h30m", want: "2026-11-24T07:30:00Z", zone: "Europe/Lisbon"},
		{text: "lunedì 23 novembre 2026, ore 7.30", want: "2026-11-23T06:30:00Z", zone: "Europe/Rome"},
		{text: "23 di novembre 2026", want: "2026-11-23T00:00:00Z", zone: "UTC"},
		{text: "3 mag 2026 alle 18:45", want: "2026-05-03T16:45:00Z", zone: "Europe/Rome"},
		{text: "07:30, 23 Nov 2026", want: "2026-11-23T07:30:00Z", zone: "UTC"},
		{text: "23 November", want: unknown, zone: "UTC"},
		{text: "November 2026", want: unknown, zone: "UTC"},
		{text: "3 hours ago", want: unknown, zone: "UTC"},
		{text: "yesterday", want: unknown, zone: "UTC"},
		{text: "23 Nov 2026 07:30 - 08:30", want: unknown, zone: "UTC"},
		{text: "23 Nov 2026 24 Nov 2026", want: unknown, zone: "UTC"},
		{text: "23 ноября 2026", want: unknown, zone: "UTC"},

		// Numbers alone.
		{text: "23/11/2026 06:30", want: "2026-11-23T06:30:00Z", zone: "UTC"},
		{text: "\u200e23/\u200e11/\u200e2026", want: "2026-11-23T00:00:00Z", zone: "UTC"},
		{text: "23/11-2026", want: unknown, zone: "UTC"},
		{text: "12/11/2026", want: unknown, zone: "UTC", language: "en-PH"},
		{text: "11/23/2026 6:30:00 AM", want: "2026-11-23T06:30:00Z", zone: "UTC"},
		{text: "Mon, 11/23/2026 - 06:30", want: "2026-11-23T06:30:00Z", zone: "UTC"},
		{text: "12/11/2026", want: unknown, zone: "UTC"},
		{text: "12/11/2026", want: unknown, zone: "UTC", language: "en"},
		{text: "12/11/2026", want: unknown, zone: "UTC", language: "en-CA"},
		{text: "12/11/2026", want: "2026-12-11T00:00:00Z", zone: "UTC", language: "en-US"},
		{text: "12/11/2026", want: "2026-11-12T00:00:00Z", zone: "UTC", language: "en-GB"},
		{text: "12/11/2026", want: "2026-11-12T00:00:00Z", zone: "UTC", language: "es-MX"},
		{text: "11/11/2026", want: "2026-11-11T00:00:00Z", zone: "UTC"},
		{text: "11/23/2026", want: "2026-11-23T00:00:00Z", zone: "UTC", language: "de"},
		{text: "12.11.2026, 06:30", want: "2026-11-12T06:30:00Z", zone: "UTC", language: "de-AT"},
		{text: "12. 11. 2026", want: "2026-11-12T00:00:00Z", zone: "UTC", language: "cs"},
		{text: "23.11.26", want: unknown, zone: "UTC"},
		{text: "23.11.26", want: "2026-11-23T00:00:00Z", zone: "UTC", language: "de"},
		{text: "11/23/26", want: "2026-11-23T00:00:00Z", zone: "UTC"},
		{text: "06:30 23-11-2026", want: "2026-11-23T06:30:00Z", zone: "UTC"},
		{text: "31/31/2026", want: unknown, zone: "UTC"},
		{text: "1/2", want: unknown, zone: "UTC"},
		{text: "23112026", want: unknown, zone: "UTC"},

		// Hours that clocks skipped or showed twice.
		{text: "2026-03-29 02:30", want: "2026-03-29T01:30:00Z", zone: "Europe/Berlin", note: "skipped"},
		{text: "2026-10-25 02:30", want: "2026-10-25T00:30:00Z", zone: "Europe/Berlin", note: "twice"},

		{text: "", want: unknown},
		{text: strings.Repeat("1", 1000), want: unknown},
	} {
		name := strings.Join([]string{shorten(c.text), c.zone, c.language}, " ")
		t.Run(name, func(t *testing.T) {
			at, note, ok := ingest.ParseDate(c.text, ingest.DateOptions{Zone: zone(t, c.zone), Language: c.language})
			got := ""
			if ok {
				got = at.Format(time.RFC3339Nano)
			}
			if got != c.want || !strings.Contains(note, c.note) || c.note == "" && note != "" {
				t.Errorf("got %q, note %q, want %q, note %q", got, note, c.want, c.note)
			}
		})
	}
}

func TestParseDateKnowsAllMonths(t *testing.T) {
	for language, line := range map[string]string{
		"en":       "January February March April May June July August September October November December",
		"de":       "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
		"fr":       "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
		"es":       "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
		"pt":       "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
		"it":       "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
		"short en": "Jan. Feb. Mar. Apr. May Jun. Jul. Aug. Sep. Oct. Nov. Dec.",
		"short de": "Jan. Feb. Mrz. Apr. Mai Jun. Jul. Aug. Sep. Okt. Nov. Dez.",
		"short fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
		"short es": "ene. feb. mar. abr. may. jun. jul. ago. sept. oct. nov. dic.",
		"short pt": "jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez.",
		"short it": "gen. feb. mar. apr. mag. giu. lug. ago. set. ott. nov. dic.",
	} {
		for i, month := range strings.Fields(line) {
			for _, text := range []string{"3 " + month + " 2026", strings.ToUpper(month) + " 3, 2026"} {
				want := time.Date(2026, time.Month(i+1), 3, 0, 0, 0, 0, time.UTC)
				if got, note, ok := ingest.ParseDate(text, ingest.DateOptions{Zone: time.UTC}); !ok || !got.Equal(want) || note != "" {
					t.Errorf("%s: %s is read as %v, %q, %v, want %v", language, text, got, note, ok, want)
				}
			}
		}
	}
}

func TestParseDateKnowsAllWeekdays(t *testing.T) {
	for _, line := range []string{
		"Monday Tuesday Wednesday Thursday Friday Saturday Sunday", "Mon Tue Wed Thu Fri Sat Sun",
		"Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag", "Mo. Di. Mi. Do. Fr. Sa. So.",
		"lundi mardi mercredi jeudi vendredi samedi dimanche", "lun. mar. mer. jeu. ven. sam. dim.",
		"lunes martes miércoles jueves viernes sábado domingo", "lun mar mié jue vie sáb dom",
		"segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo", "seg ter qua qui sex sáb dom",
		"lunedì martedì mercoledì giovedì venerdì sabato domenica", "lun mar mer gio ven sab dom",
	} {
		for i, day := range strings.Fields(line) {
			for wrong := range 2 {
				at := time.Date(2026, time.November, 23+i+wrong, 0, 0, 0, 0, time.UTC)
				text := day + ", " + at.Format("2 Jan 2006")
				got, note, ok := ingest.ParseDate(text, ingest.DateOptions{Zone: time.UTC})
				if !ok || !got.Equal(at) || (note != "") != (wrong == 1) {
					t.Errorf("%s is read as %v, %q, %v", text, got, note, ok)
				}
			}
		}
	}
}

func FuzzParseDate(f *testing.F) {
	for _, seed := range []string{
		"Mon, 23 Nov 2026 06:30:00 +0100", "2026-W48-1T063000,5-05", "23 novembre 2026 à 7h30", "1795415400123", "12.11.26 7.30 Uhr",
		"Mon Nov 23 2026 07:30:00 GMT+0100 (CET)", "20261123063000123", "2026-11-23T06:30:00+01:00[Europe/Berlin]", "mar. 24 nov. 2026 12 a. m. ET",
	} {
		f.Add(seed, "de-AT")
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text, language string) {
		at, note, ok := ingest.ParseDate(text, ingest.DateOptions{Zone: berlin, Language: language})
		if !ok {
			if !at.IsZero() || note != "" {
				t.Errorf("ParseDate(%q) is unknown, but %v, %q", text, at, note)
			}
			return
		}
		checkPrintable(t, note)
		again, _, ok := ingest.ParseDate(at.Format(time.RFC3339Nano), ingest.DateOptions{})
		if !ok || !again.Equal(at) || at.Location() != time.UTC {
			t.Errorf("ParseDate(%q) = %v, but of that = %v, %v", text, at, again, ok)
		}
	})
}
