package templates_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"broadsheet/templates"
)

// folder is a theme that an editor might have, with some files changed.
func folder(changes map[string]string) fstest.MapFS {
	files := map[string]string{
		"digest.html": "<!DOCTYPE html><html><head><title>{{.Subject}}</title>{{sheet}}</head><body>{{.Name}}</body></html>",
		"digest.txt":  "{{.Name}}\n",
	}
	maps.Copy(files, changes)
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

// open compiles a theme whose digest.html is a style and what stands in the body.
func open(t *testing.T, style, body string) *templates.Theme {
	t.Helper()
	theme, err := templates.Open(folder(map[string]string{
		"digest.html": "<style>" + style + "</style>\n<head>{{sheet}}</head>\n" + body,
	}), templates.Look{})
	if err != nil {
		t.Fatal(err)
	}
	return theme
}

func TestRulesAreInlined(t *testing.T) {
	const red = `<p style="color:red">`
	for name, tc := range map[string]struct{ style, body, want string }{
		"type":               {`p { color: red; }`, `<p>`, red},
		"class":              {`.a{color:red}`, `<p class="a">`, red},
		"unquoted class":     {`.a{color:red}`, `<p class=a>`, red},
		"id":                 {`#a{color:red}`, `<p id="a">`, `<p id="a" style="color:red">`},
		"grouped":            {`h1, p {color:red}`, `<p>`, red},
		"compound":           {`p.a.b{color:red} p.a.c{color:blue}`, `<p class="b a">`, red},
		"capitals":           {`P{COLOR:red}`, `<P>`, red},
		"later wins":         {`.a{color:blue}.b{color:red}`, `<p class="b a">`, red},
		"class over type":    {`.a{color:red}p{color:blue}`, `<p class="a">`, red},
		"id over class":      {`#i{color:red}.a{color:blue}`, `<p id="i" class="a">`, `<p id="i" style="color:red">`},
		"important over id":  {`.a{color:red!important}#i{color:blue}`, `<p id="i" class="a">`, `<p id="i" style="color:red">`},
		"own over all":       {`#i{color:blue!important}`, `<p id="i" style="color: red">`, `<p id="i" style="color:red">`},
		"own keeps others":   {`p{color:red;margin:0}`, `<p style="margin:1px">`, `<p style="color:red;margin:1px">`},
		"shorthand":          {`p{margin-top:3px;font-size:9px}.a{margin:0;font:12px serif}`, `<p class="a">`, `<p style="margin:0;font:12px serif">`},
		"longhand after it":  {`p{margin:0}.a{margin-top:3px}`, `<p class="a">`, `<p style="margin:0;margin-top:3px">`},
		"fallback of a rule": {`p{width:10px;width:calc(1px + 2px)}`, `<p>`, `<p style="width:10px;width:calc(1px + 2px)">`},
		"quotes":             {`p{font-family:"Times New Roman", serif}`, `<p>`, `<p style="font-family:'Times New Roman',serif">`},
		"comment":            {`/* { */ p{color:/* } */red}`, `<!-- <p> --><p>`, "\n" + red},
		"empty tag":          {`br{color:red}`, `<br/>`, `<br style="color:red"/>`},
		"variable":           {`:root{--zed:red}p{color:var(--zed)}`, `<p>`, red},
		"fallback":           {`p{color:var(--none-such, red)}`, `<p>`, red},
		"variable of others": {`:root{--a:var(--b);--b:red}p{color:var(--a)}`, `<p>`, red},
		"unknown class":      {``, `<p class="a" title="b">`, `<p title="b">`},
		"place of the class": {`.a{color:red}`, `<p class="a" title="b">`, `<p style="color:red" title="b">`},
		"attribute action":   {`.a{color:red}`, `<p{{with .Dir}} dir="{{.}}"{{end}} class="a">`, `<p dir="ltr" style="color:red">`},
		"action in style":    {`.a{color:red}`, `<p class="a" style="width:{{.Count}}px">`, `<p style="color:red;width:1px">`},
		"greater in action":  {`p{color:red}`, `<p title="{{if gt .Count 0}}>{{end}}">`, `<p title=">" style="color:red">`},
		"if in class":        {`.b{color:red}.c{color:blue}`, `<p class="a {{if .Name}}b{{else}}c{{end}}">`, red},
		"else in class":      {`.b{color:blue}.c{color:red}`, `<p class="a {{if .More}}b{{else}}c{{end}}">`, red},
		"else if in class":   {`.b{color:blue}.c{color:red}`, `<p class="{{if .More}}b{{else if .Name}}c{{end}}">`, red},
		"no else in class":   {`.b{color:blue}`, `<p class="a{{if .More}} b{{end}}">`, `<p>`},
		"if around class":    {`.b{color:red}`, `<p {{if .Name}}class="b"{{end}}>`, `<p style="color:red">`},
		"two ifs":            {`.b{color:red}.c{margin:0}`, `<p class="{{if .Name}}b{{end}} {{if .Name}}c{{end}}">`, `<p style="color:red;margin:0">`},
		"raw string":         {`p{color:red}`, "{{`<p>`}}<p>", "&lt;p&gt;" + red},
	} {
		t.Run(name, func(t *testing.T) {
			d := &templates.Digest{Name: "N", Lead: &templates.Story{Title: "T"}}
			html, err := open(t, tc.style, tc.body).HTML(d)
			if err != nil {
				t.Fatal(err)
			}
			if _, got, _ := strings.Cut(html, "</head>"); !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q in it", got, tc.want)
			}
		})
	}
}

func TestWhatCannotBeInlinedStandsInTheStyleElement(t *testing.T) {
	for name, tc := range map[string]struct{ style, body, want string }{
		"narrow":           {`.a{width:9px}@media (max-width: 520px){.a{width:5px}}`, `<p class="a b">`, "<style>\n@media (max-width:520px){\n.a{width:5px!important}\n}\n</style>\n"},
		"hover":            {`a:hover{color:red}`, `<a>`, "a:hover{color:red!important}"},
		"within":           {`.a p{color:red}`, `<p class="a">`, ".a p{color:red!important}"},
		"font":             {`@font-face{font-family:X;src:url(https://a.example/x.woff2)}`, ``, "@font-face{font-family:X;src:url(https://a.example/x.woff2)}"},
		"root":             {`:root{color-scheme:light dark}`, ``, ":root{color-scheme:light dark}"},
		"dark":             {`.a{color:red}@media (prefers-color-scheme:dark){.a{color:blue}}`, `<p class="a">`, "@media (prefers-color-scheme:dark){\n.a{color:blue!important}\n}\n[data-ogsc] .a{color:blue!important}\n"},
		"dark group":       {`@media (prefers-color-scheme:dark){.a,p{background:blue}}`, `<p class="a">`, "[data-ogsb] .a,[data-ogsb] p{background:blue!important}"},
		"dark variable":    {`.a{color:var(--x)}:root{--x:red}@media (prefers-color-scheme: dark){:root{--x:blue}}`, `<p class="a">`, "@media (prefers-color-scheme:dark){\n.da{color:blue!important}\n}\n[data-ogsc] .da{color:blue!important}\n"},
		"dark background":  {`.a{background:var(--x)}:root{--x:red}@media (prefers-color-scheme: dark){:root{--x:blue}}`, `<p class="a">`, "[data-ogsb] .da{background-color:blue!important}\n"},
		"dark border":      {`.a{border-top:1px solid var(--x)}:root{--x:red}@media (prefers-color-scheme: dark){:root{--x:blue}}`, `<p class="a">`, ".da{border-color:blue!important}"},
		"dark borders":     {`.a{border-top:1px solid var(--x);border-left:1px solid red}:root{--x:red}@media (prefers-color-scheme: dark){:root{--x:blue}}`, `<p class="a">`, ".da{border-top-color:blue!important}"},
		"dark of own":      {`:root{--x:red}@media (prefers-color-scheme: dark){:root{--x:blue}}`, `<p style="color:var(--x)">`, ".da{color:blue!important}"},
		"dark hover":       {`a:hover{color:var(--x)}:root{--x:red}@media (prefers-color-scheme: dark){:root{--x:blue}}`, `<a>`, "a:hover{color:blue!important}\n}\n[data-ogsc] a:hover"},
		"dark and narrow":  {`@media (max-width:9px){a{color:var(--x)}}:root{--x:red}@media (prefers-color-scheme: dark){:root{--x:blue}}`, `<a>`, "@media (max-width:9px) and (prefers-color-scheme:dark){\na{color:blue!important}\n}"},
		"a taken name":     {`p{color:var(--x)}@media (max-width:9px){.da{margin:0}}:root{--x:red}@media (prefers-color-scheme: dark){:root{--x:blue}}`, `<p class="da">`, ".dax{color:blue!important}"},
		"of a used branch": {`@media print{.b{margin:0}}`, `<p class="{{if .Name}}b{{end}}">`, ".b{margin:0!important}"},
	} {
		t.Run(name, func(t *testing.T) {
			html, err := open(t, tc.style, tc.body).HTML(&templates.Digest{Name: "N"})
			if err != nil {
				t.Fatal(err)
			}
			if got, _, _ := strings.Cut(html, "</head>"); !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q in it", got, tc.want)
			}
		})
	}
}

func TestRulesThatNoElementNeedsAreLeftOut(t *testing.T) {
	theme := open(t, `.a{color:red}.c{color:red}@media print{.c{color:blue}p.c{margin:0}}`, `{{define "unused"}}<p class="c">{{end}}<p class="a">`)
	html, err := theme.HTML(&templates.Digest{})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(html, ".c{") || strings.Contains(html, "class=") {
		t.Errorf("got %q, want no rule and no class", html)
	}
}

func TestTheFirstStyleIsThePlaceOfWhatStays(t *testing.T) {
	theme, err := templates.Open(folder(map[string]string{"digest.html": "<head>\n<style>p{color:red}@media print{p{color:blue}}</style></head><style>a:hover{margin:0}</style><p>"}), templates.Look{})
	if err != nil {
		t.Fatal(err)
	}
	html, err := theme.HTML(&templates.Digest{})
	if err != nil {
		t.Fatal(err)
	}
	const want = "<head>\n<style>\n@media print{\np{color:blue!important}\n}\na:hover{margin:0!important}\n</style>\n"
	if !strings.HasPrefix(html, want) || strings.Count(html, "@media print") != 1 {
		t.Errorf("got %q, want it to begin with %q", html, want)
	}
}

func TestTheLookStandsAboveTheTheme(t *testing.T) {
	fsys := folder(map[string]string{
		"look.html":   `<style>:root{--ink:black} @media (prefers-color-scheme:dark){:root{--ink:white}} p{color:var(--ink)}</style>`,
		"digest.html": `{{sheet}}<p bgcolor="{{value "ink"}}">`,
	})
	theme, err := templates.Open(fsys, templates.Look{Light: map[string]string{"ink": "#010203"}, Dark: map[string]string{"ink": "#fafbfc"}})
	if err != nil {
		t.Fatal(err)
	}
	html, err := theme.HTML(&templates.Digest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<p bgcolor="#010203" class="da" style="color:#010203">`, ".da{color:#fafbfc!important}"} {
		if !strings.Contains(html, want) {
			t.Errorf("got %q, want %q in it", html, want)
		}
	}
}

func TestCommentsForOutlookStayByteForByte(t *testing.T) {
	const vml = "<!--[if (gte mso 9)|(IE)]>\n\t\t<v:rect  class=\"a\" fillcolor=\"#123456\">  <![endif]-->"
	const shown = "<!--[if !mso]><!-->"
	theme := open(t, `.a{color:red}`, "<p>\n\t"+vml+"<i class=\"a\">"+shown+"<!--<![endif]--><!--[if mso]><v:x  href=\"{{.SiteURL}}\"/>{{.Name}}<![endif]-->")
	html, err := theme.HTML(&templates.Digest{Name: "A>--> B", Site: templates.Site{URL: "https://courier.example/"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{vml + `<i style="color:red">`, shown + "<!--<![endif]-->", `<!--[if mso]><v:x  href="https://courier.example/"/>A&gt;--&gt; B<![endif]-->`} {
		if !strings.Contains(html, want) {
			t.Errorf("got %q, want %q in it", html, want)
		}
	}
}

func TestAKindMayHaveFilesOfItsOwn(t *testing.T) {
	theme, err := templates.Open(folder(map[string]string{"weekly.html": "{{sheet}}<p>the week", "letter.txt": "a letter"}), templates.Look{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		kind       templates.Kind
		html, text string
	}{
		{templates.KindDaily, "<body>N</body>", "N\n"},
		{templates.KindWeekly, "the week", "N\n"},
		{templates.KindLetter, "<body>N</body>", "a letter\n"},
	} {
		d := &templates.Digest{Name: "N", Kind: tc.kind}
		html, err := theme.HTML(d)
		if err != nil || !strings.Contains(html, tc.html) {
			t.Errorf("%s: got %q, %v, want %q in it", tc.kind, html, err, tc.html)
		}
		if text, err := theme.Text(d); err != nil || text != tc.text {
			t.Errorf("%s: got %q, %v, want %q", tc.kind, text, err, tc.text)
		}
	}
}

// faults opens a theme that must be refused.
func faults(t *testing.T, fsys fstest.MapFS) templates.Faults {
	t.Helper()
	_, err := templates.Open(fsys, templates.Look{})
	var all templates.Faults
	if !errors.As(err, &all) {
		t.Fatalf("got error %v, want faults", err)
	}
	return all
}

func TestFaultsNameThePlaceAndTheNearestName(t *testing.T) {
	for name, tc := range map[string]struct{ html, want string }{
		"field":            {"\n{{with .Lead}}\n{{.Titel}}{{end}}", "digest.html:3: .Titel: no such field, did you mean .Title?"},
		"field of a field": {"{{.Lead.Titel}}", "digest.html:1: .Lead.Titel: no such field, did you mean .Title?"},
		"other branch":     {"{{if .Lead}}{{else if .More}}{{.Mor}}{{end}}", "digest.html:1: .Mor: no such field, did you mean .More?"},
		"in a loop":        {"{{range .Sections}}{{range .Items}}{{.Sumary}}{{end}}{{end}}", "digest.html:1: .Sumary: no such field, did you mean .Summary?"},
		"loop variable":    {"{{range $i, $s := .Sections}}{{$s.Nam}}{{end}}", "digest.html:1: $s.Nam: no such field, did you mean .Name?"},
		"of the mail":      {"{{range .Sections}}{{.Subject}}{{end}}", "digest.html:1: .Subject: no such field, did you mean $.Subject?"},
		"in a partial":     {"{{define \"x\"}}\n{{.Ttle}}{{end}}{{template \"x\" .Lead}}", "digest.html:2: .Ttle: no such field, did you mean .Title?"},
		"words":            {"{{.T.Unsubscrib}}", "digest.html:1: .T.Unsubscrib: no such field, did you mean .Unsubscribe?"},
		"of a text":        {"{{.Name.Long}}", "digest.html:1: .Name.Long: no such field: .Name is a text"},
		"function":         {"{{wrp .Name}}", "digest.html:1: no such function: wrp, did you mean or?"},
		"partial":          {"{{template \"opne\" .}}", "digest.html:1: no such template: \"opne\", did you mean open?"},
		"list of a text":   {"{{range .Name}}{{end}}", "digest.html:1: .Name: range is for lists, and this is a text"},
		"endless":          {"{{range 1000000000}}{{end}}", "digest.html:1: 1000000000: range is for lists, and this is a number"},
		"arguments":        {"{{with .Lead}}{{with .Picture}}{{.WidthIn}}{{end}}{{end}}", "digest.html:1: .WidthIn takes 1 arguments and has 0"},
		"wrong argument":   {"{{prose .Name .Dir}}", "digest.html:1: prose: .Name is a text, and a Prose is needed"},
		"comparison":       {"{{if eq .Count \"2\"}}{{end}}", "digest.html:1: eq: .Count is a number and \"2\" is a text, which cannot be compared"},
		"no end":           {"\n\n{{if .Name}}", "digest.html:3: unexpected EOF"},
		"no braces":        {"\n{{.Name", "digest.html:2: an action is not closed: {{ has no }} after it"},
		"circle":           {"{{define \"a\"}}{{template \"b\"}}{{end}}{{define \"b\"}}{{template \"a\"}}{{end}}{{template \"a\"}}", "digest.html:1: the template \"a\" uses itself in a circle"},
		"computed class":   {"\n<p class=\"{{.Name}}\">", "digest.html:2: the class or style of <p> is computed: choose between written ones with {{if}}, at most 16 of them"},
		"open tag":         {"\n<p class=\"a\"", "digest.html:2: a tag is not closed: \"<p\" has no > after it"},
		"open comment":     {"\n<!-- a", "digest.html:2: a comment is not closed: <!-- has no --> after it"},
		"variable":         {"<style>:root{--ink:red}\np{color:var(--inc)}</style>", "digest.html:2: no such variable: --inc, did you mean --ink?"},
		"own variable":     {"<style>:root{--zebra:red}</style>\n<p style=\"color:var(--zebr)\">", "digest.html:2: no such variable: --zebr, did you mean --zebra?"},
		"circle of values": {"<style>:root{--a:var(--b);--b:var(--a)}p{color:var(--a)}</style>", "digest.html:1: --b stands for variables that name each other in a circle, or grow without end"},
		"no colon":         {"<style>\np{\n\tcolor red;\n}</style>", "digest.html:3: \"color\" has no colon and value after it"},
		"no semicolon":     {"<style>\np{color:red\nmargin:0}</style>", "digest.html:3: \":\" is within the value of \"color\": is a semicolon or a quote missing?"},
		"no value":         {"<style>p{color:;}</style>", "digest.html:1: \"color\" has no value"},
		"not closed":       {"<style>\np{color:red</style>", "digest.html:2: a { is not closed"},
		"import":           {"<style>@import url(https://a.example/x.css);</style>", "digest.html:1: @import is not for mails: only @media and @font-face are"},
		"local variable":   {"<style>p{--a:red}</style>", "digest.html:1: the variable --a is declared within a rule: variables are for :root alone"},
		"action in style":  {"<style>p{color:{{.Name}}}</style>", "digest.html:1: a style element has an action: {{ }} is not run in it; give elements classes by {{if}} instead"},
		"brace in style":   {"\n<p style=\"color:red}}x:y}\">", "digest.html:2: \"}\" is where a property should be"},
		"script":           {"\n<script>1</script>", "digest.html:2: <script> is not for mails"},
		"handler":          {"<p onclick=\"x()\">", "digest.html:1: <p onclick>: mails run no scripts"},
		"script link":      {"<a href=\"JavaScript:x()\">", "digest.html:1: <a href>: \"JavaScript:x()\" is not an address for mails"},
		"plain picture":    {"<style>p{background:url(http://a.example/x.png)}</style>", "digest.html:1: background: \"http://a.example/x.png\" is no https address"},
		"ambiguous":        {"\n\n<a href=\"{{if .Name}}'{{else}}\">{{end}}", "digest.html:3:"},
	} {
		t.Run(name, func(t *testing.T) {
			all := faults(t, folder(map[string]string{"digest.html": tc.html}))
			if got := all[0].String(); !strings.HasPrefix(got, tc.want) {
				t.Errorf("got %q, want %q", all, tc.want)
			}
		})
	}
}

func TestAllFaultsAreTold(t *testing.T) {
	got := faults(t, folder(map[string]string{
		"digest.html": "<style>p{color:var(--inkk)}</style>{{.Nme}}\n{{nofunc}}",
		"digest.txt":  "{{.Nam}}",
		"weekly.html": "{{.Dat}}",
	}))
	want := []string{"digest.html:1:", "digest.html:1:", "digest.html:2:", "digest.txt:1:", "weekly.html:1:"}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %d faults", got, len(want))
	}
	for i := range want {
		if !strings.HasPrefix(got[i].String(), want[i]) {
			t.Errorf("fault %d: got %q, want %q", i, got[i], want[i])
		}
	}
}

func TestHostileThemesAreRefusedSoon(t *testing.T) {
	double := strings.Builder{}
	variables := strings.Builder{}
	for i := range 40 {
		a, b := letter(i), letter(i+1)
		double.WriteString(`{{define "` + a + `"}}{{template "` + b + `"}}{{template "` + b + `"}}{{end}}`)
		variables.WriteString("--" + a + ":var(--" + b + ") var(--" + b + ");")
	}
	for name, tc := range map[string]struct {
		changes map[string]string
		want    string
	}{
		"a large file":      {map[string]string{"x.html": strings.Repeat(" ", 300<<10)}, "x.html: a file of a theme has at most 256 KB"},
		"doubling calls":    {map[string]string{"digest.html": double.String() + `{{define "` + letter(40) + `"}}{{end}}{{template "` + letter(0) + `"}}`}, "comes to more than 10000 others"},
		"doubling values":   {map[string]string{"digest.html": "<style>:root{" + variables.String() + "--" + letter(40) + ":1px}p{margin:var(--" + letter(0) + ")}</style>"}, "grow without end"},
		"deep actions":      {map[string]string{"digest.html": strings.Repeat("{{if .Name}}", 10000) + strings.Repeat("{{end}}", 10000)}, "stand within each other"},
		"many classes":      {map[string]string{"digest.html": `<p class="` + strings.Repeat("{{if .Name}}a{{end}} ", 30) + `">`}, "is computed"},
		"nothing":           {map[string]string{"digest.html": ""}, ""},
		"a loop in a loop":  {map[string]string{"digest.txt": strings.Repeat("{{range $.Sections}}{{range $.Sections}}", 20) + strings.Repeat(".", 100) + strings.Repeat("{{end}}{{end}}", 20)}, "writes without end"},
		"a binary":          {map[string]string{"digest.html": "\x00\xff\xfe<p"}, "not closed"},
		"a file of actions": {map[string]string{"digest.html": strings.Repeat("{{.Nme}}", 5000)}, "no such field"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := templates.Open(folder(tc.changes), templates.Look{})
			if tc.want == "" {
				if err != nil {
					t.Errorf("got %v, want no error", err)
				}
			} else if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
		})
	}
}

func letter(i int) string { return "v" + string(rune('a'+i/26)) + string(rune('a'+i%26)) }

func FuzzOpen(f *testing.F) {
	for _, s := range []string{
		"<style>p.a{color:var(--ink)}</style><p class='a {{if .Name}}b{{end}}' style=\"{{.Name}}\">", "<!--[if mso]>{{.}}<![endif]-->",
		"{{define \"a\"}}{{template \"a\"}}{{end}}{{template \"a\" .}}", "<p {{with .Dir}}dir={{.}}{{end}}/>", "<style>@media x{a{b:c}}}{</style>",
		"{{- /* x */ -}}<a href=x{{", "<p class={{\"}}\"}}>", "{{range $i, $x := .Sections}}{{$x.Name}}{{break}}{{end}}", "{{(index .Sections 0).Name}}", "<p =\"a\" \"b\">", "<p style=\"{.Name}}\">",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		theme, err := templates.Open(folder(map[string]string{"digest.html": src}), templates.Look{})
		if err != nil {
			return
		}
		if _, err := theme.HTML(templates.SampleDigest(templates.KindDaily)); err != nil {
			t.Errorf("a theme that was taken cannot be drawn: %v", err)
		}
	})
}
