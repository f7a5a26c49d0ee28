package ingest_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"broadsheet/digest/ingest"
)

func TestParseFeedDecodes(t *testing.T) {
	little, big := unicode.LittleEndian, unicode.BigEndian
	for _, c := range []struct {
		name        string
		declared    string // in the XML declaration, "" for none
		contentType string
		encoding    encoding.Encoding // nil for UTF-8
		title       string
		note        string // "" for none
	}{
		{name: "UTF-8 undeclared", title: "Zoë’s café"},
		{name: "UTF-8 declared", declared: "utf-8", contentType: "text/xml; charset=UTF-8", title: "Zoë’s café"},
		{name: "UTF-8 with a mark", declared: "iso-8859-1", encoding: unicode.UTF8BOM, title: "Zoë’s café"},
		{name: "UTF-8 declared as Latin-1", declared: "iso-8859-1", title: "Zoë’s café", note: "declared as iso-8859-1, but is UTF-8"},
		{name: "UTF-8 served as ASCII", contentType: "text/xml; charset=us-ascii", title: "Zoë’s café", note: "declared as us-ascii, but is UTF-8"},
		{name: "UTF-8 declared as nonsense", declared: "x-made-up", title: "Zoë’s café"},
		{name: "UTF-8 declared as UTF-16", declared: "utf-16", title: "Zoë’s café"},
		{name: "Latin-1 declared", declared: "ISO-8859-1", encoding: charmap.ISO8859_1, title: "Zoë café"},
		{name: "windows-1252 declared as Latin-1", declared: "iso-8859-1", encoding: charmap.Windows1252, title: "Zoë’s café"},
		{name: "windows-1252 in the header", contentType: "text/xml;charset = 'windows-1252'", encoding: charmap.Windows1252, title: "Zoë’s café"},
		{name: "windows-1252 undeclared", encoding: charmap.Windows1252, title: "Zoë’s café", note: "6 bytes are not valid UTF-8, read as windows-1252"},
		{name: "windows-1252 declared as UTF-8", declared: "utf-8", encoding: charmap.Windows1252, title: "Zoë’s café", note: "6 bytes are not valid UTF-8, read as windows-1252"},
		{name: "header wins over declaration", declared: "koi8-r", contentType: "text/xml; charset=windows-1251", encoding: charmap.Windows1251, title: "Новости дня"},
		{name: "KOI8-R", declared: "koi8-r", encoding: charmap.KOI8R, title: "Новости дня"},
		{name: "Shift JIS", declared: "Shift_JIS", encoding: japanese.ShiftJIS, title: "今日のニュース"},
		{name: "EUC-JP", declared: "euc-jp", encoding: japanese.EUCJP, title: "今日のニュース"},
		{name: "ISO-2022-JP", declared: "iso-2022-jp", encoding: japanese.ISO2022JP, title: "今日のニュース"},
		{name: "EUC-KR", declared: "euc-kr", encoding: korean.EUCKR, title: "오늘의 뉴스"},
		{name: "GB2312", contentType: "text/xml; charset=gb2312", encoding: simplifiedchinese.GB18030, title: "今天的新闻"},
		{name: "UTF-16 little with mark", declared: "utf-16", encoding: unicode.UTF16(little, unicode.UseBOM), title: "Zoë’s café"},
		{name: "UTF-16 big without mark", declared: "utf-16", encoding: unicode.UTF16(big, unicode.IgnoreBOM), title: "Zoë’s café"},
		{name: "UTF-16 little without mark, undeclared", encoding: unicode.UTF16(little, unicode.IgnoreBOM), title: "Zoë’s café"},
		{name: "UTF-32 little with mark", encoding: utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), title: "Zoë’s café"},
		{name: "UTF-32 big without mark", encoding: utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), title: "Zoë’s café"},
		{name: "control characters", title: "Zoë\x01\x0b’s c\ufffeafé"},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := []byte(feedWithTitle(c.declared, c.title))
			if c.encoding != nil {
				var err error
				if body, err = c.encoding.NewEncoder().Bytes(body); err != nil {
					t.Fatal(err)
				}
			}
			feed, err := ingest.ParseFeed(body, c.contentType, "")
			if err != nil {
				t.Fatal(err)
			}
			want := strings.NewReplacer("\x01", "", "\x0b", "", "\ufffe", "").Replace(c.title)
			if feed.Title != want || len(feed.Items) != 1 || feed.Items[0].Title != want {
				t.Errorf("got title %q, items %+v, want %q", feed.Title, feed.Items, want)
			}
			if got := strings.Join(feed.Notes, "\n"); !strings.Contains(got, c.note) || c.note == "" && got != "" {
				t.Errorf("got notes %q, want %q", got, c.note)
			}
		})
	}
}

func feedWithTitle(declared, title string) string {
	declaration := ""
	if declared != "" {
		declaration = fmt.Sprintf("<?xml version='1.0' encoding='%s'?>\n", declared)
	}
	return declaration + fmt.Sprintf("<rss><channel><title>%s</title><item><title>%s</title><guid>1</guid></item></channel></rss>", title, title)
}
