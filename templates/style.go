package templates

import (
	"fmt"
	htmltemplate "html/template"
	"strings"
)

// palette is the colours of a mail, each a hexadecimal CSS colour. Text
// colours keep a contrast of 4.5 to 1 on both page and paper.
type palette struct {
	page   string // around the sheet
	paper  string // the sheet itself
	ink    string // headlines and text
	muted  string // what stands beside
	accent string // topics, kickers
	line   string // rules between stories
	button string // behind the words of a button
	label  string // the words of a button
}

var lightPalette = palette{
	page: "#efece4", paper: "#fffefb", ink: "#1d1b18", muted: "#5d584e",
	accent: "#8f1d18", line: "#d9d4c7", button: "#8f1d18", label: "#ffffff",
}

var darkPalette = palette{
	page: "#121110", paper: "#1d1b19", ink: "#f1ede4", muted: "#b5ad9f",
	accent: "#f39c8f", line: "#45413a", button: "#f39c8f", label: "#1d1b19",
}

// replacer puts the colours where a style names them, such as $ink.
func (p *palette) replacer() *strings.Replacer {
	return strings.NewReplacer("$page", p.page, "$paper", p.paper, "$ink", p.ink, "$muted", p.muted,
		"$accent", p.accent, "$line", p.line, "$button", p.button, "$label", p.label)
}

const (
	serif = "Georgia,Times New Roman,serif"
	sans  = "Helvetica,Arial,sans-serif"
	mono  = "Menlo,Consolas,monospace"
)

// look is how one kind of element is drawn: the style that stands inline, and
// the classes that the dark and narrow rules of sheet reach it by.
type look struct{ class, css string }

// mailLooks are the looks of all mails. Nothing changes them.
var mailLooks = map[string]look{
	"page":      {"page", "margin:0;padding:0;background-color:$page"},
	"wrapper":   {"page", "background-color:$page;padding:0 0 24px"},
	"preheader": {"", "display:none;max-height:0;overflow:hidden;mso-hide:all"},
	"sheet":     {"paper", "width:100%;max-width:640px;margin:0 auto;border-collapse:collapse;table-layout:fixed;word-break:break-word;background-color:$paper"},
	"foot":      {"", "width:100%;max-width:640px;margin:0 auto;border-collapse:collapse;table-layout:fixed;word-break:break-word"},
	"row":       {"", "width:100%;border-collapse:collapse"},

	"head":     {"edge", "padding:28px 32px 0;text-align:center"},
	"site":     {"muted", "margin:0 0 6px;font:12px/18px " + sans + ";letter-spacing:2px;text-transform:uppercase;color:$muted"},
	"sitelink": {"muted", "color:$muted;text-decoration:none"},
	"h1":       {"ink title", "margin:0 0 18px;font:bold 44px/50px " + serif + ";letter-spacing:-1px;color:$ink"},
	"dates":    {"inkline", "width:100%;border-collapse:collapse;border-top:3px double $ink;border-bottom:1px solid $ink"},
	"date":     {"muted", "padding:8px 0;font:13px/18px " + sans + ";color:$muted;text-align:start"},
	"reader":   {"muted", "padding:8px 0;font:13px/18px " + sans + ";color:$muted;text-align:end"},

	"lead":          {"edge", "padding:24px 32px 28px"},
	"kicker":        {"accent", "margin:0 0 8px;font:bold 13px/18px " + sans + ";letter-spacing:1px;text-transform:uppercase;color:$accent"},
	"leadtitle":     {"leadtitle", "margin:0 0 14px;font:bold 32px/38px " + serif},
	"leadpic":       {"muted", "display:block;width:100%;max-width:576px;height:auto;border:0;margin:0 0 14px;font:13px/19px " + sans + ";color:$muted"},
	"leadtext":      {"ink", "margin:0 0 10px;font:18px/27px " + serif + ";color:$ink"},
	"section":       {"edge", "padding:0 32px"},
	"h2":            {"accent inkline", "margin:0;padding:9px 0 0;border-top:2px solid $ink;font:bold 14px/20px " + sans + ";letter-spacing:1px;text-transform:uppercase;color:$accent"},
	"story":         {"edge", "padding:14px 32px 16px"},
	"ruled":         {"line", "font-size:1px;line-height:1px;border-top:1px solid $line"},
	"words":         {"", "padding:0;vertical-align:top"},
	"thumb":         {"thumbcell", "width:152px;padding:4px 0 0 20px;vertical-align:top"},
	"thumbrtl":      {"thumbcellrtl", "width:152px;padding:4px 20px 0 0;vertical-align:top"},
	"pic":           {"thumb muted", "display:block;width:152px;height:auto;border:0;font:13px/19px " + sans + ";color:$muted"},
	"h3":            {"", "margin:0 0 6px;font:bold 21px/27px " + serif},
	"headline":      {"ink", "color:$ink;text-decoration:none"},
	"summary":       {"ink", "margin:0 0 7px;font:16px/24px " + serif + ";color:$ink"},
	"meta":          {"muted", "margin:0;font:13px/19px " + sans + ";color:$muted"},
	"tag":           {"accent", "color:$accent"},
	"intro":         {"edge", "padding:24px 32px 8px"},
	"fixes":         {"edge", "padding:22px 32px 6px"},
	"fixhead":       {"accent", "margin:0 0 10px;font:bold 13px/18px " + sans + ";letter-spacing:1px;text-transform:uppercase;color:$accent"},
	"fixtitle":      {"", "margin:0 0 4px;font:bold 17px/23px " + serif},
	"fixnote":       {"ink", "margin:0 0 4px;font:16px/24px " + serif + ";color:$ink"},
	"fixdate":       {"muted", "margin:0 0 14px;font:13px/19px " + sans + ";color:$muted"},
	"body":          {"ink", "margin:0 0 12px;font:17px/26px " + serif + ";color:$ink"},
	"bodytop":       {"", "height:12px;line-height:12px;font-size:1px"},
	"opens":         {"inkline", "font-size:1px;line-height:1px;border-top:2px solid $ink"},
	"badge":         {"accent line", "padding:1px 6px;border:1px solid $line;font:bold 11px/16px " + sans + ";letter-spacing:1px;text-transform:uppercase;color:$accent"},
	"prosetext":     {"ink", "margin:0 0 16px;font:17px/26px " + serif + ";color:$ink"},
	"proseitem":     {"ink", "margin:0 0 8px;font:17px/26px " + serif + ";color:$ink"},
	"proselist":     {"ink", "margin:0 0 16px;padding:0 24px;font:17px/26px " + serif + ";color:$ink"},
	"proseli":       {"", "margin:0 0 4px"},
	"proseh1":       {"ink lettertitle", "margin:0 0 16px;font:bold 28px/34px " + serif + ";color:$ink"},
	"proseh2":       {"ink", "margin:8px 0 10px;font:bold 21px/27px " + serif + ";color:$ink"},
	"proseh3":       {"accent", "margin:8px 0 8px;font:bold 14px/20px " + sans + ";letter-spacing:1px;text-transform:uppercase;color:$accent"},
	"prosequote":    {"line", "margin:0 0 16px;padding:0 0 0 16px;border-left:3px solid $line"},
	"prosequotertl": {"line", "margin:0 0 16px;padding:0 16px 0 0;border-right:3px solid $line"},
	"prosepre":      {"ink", "margin:0 0 16px;font:14px/21px " + mono + ";white-space:pre-wrap;color:$ink"},
	"prosecode":     {"", "font-family:" + mono + ";font-size:15px"},
	"proserule":     {"line", "margin:4px auto 20px;width:96px;border-top:1px solid $line;font-size:1px;line-height:1px"},
	"proselink":     {"accent", "color:$accent;text-decoration:underline"},
	"prosepic":      {"muted", "display:block;width:100%;max-width:576px;height:auto;border:0;margin:0 0 4px;font:13px/19px " + sans + ";color:$muted"},
	"more":          {"edge inkline", "padding:16px 32px 28px;font:17px/25px " + serif},
	"morelink":      {"accent", "color:$accent"},
	"end":           {"", "height:12px;line-height:12px;font-size:1px"},
	"footer":        {"edge", "padding:24px 32px 0;text-align:center"},
	"small":         {"muted", "margin:0 0 12px;font:13px/20px " + sans + ";color:$muted"},
	"smalllink":     {"ink", "color:$ink;text-decoration:underline"},
	"letter":        {"edge", "padding:8px 32px 32px"},
	"lettertext":    {"ink", "margin:0 0 16px;font:17px/26px " + serif + ";color:$ink"},
	"lettertop":     {"edge", "padding:28px 32px 20px"},
	"lettername":    {"ink inkline", "margin:0;padding:0 0 14px;border-bottom:3px double $ink;font:bold 22px/28px " + serif + ";color:$ink"},
	"letterh1":      {"ink lettertitle", "margin:0 0 16px;font:bold 28px/34px " + serif + ";color:$ink"},
	"buttoncell":    {"button", "background-color:$button;padding:0"},
	"buttonbox":     {"", "border-collapse:collapse;margin:8px 0 22px"},
	"button":        {"button", "display:inline-block;padding:13px 26px;background-color:$button;font:bold 17px/22px " + sans + ";color:$label;text-decoration:none"},
}

// attributes writes each look as the class and style of a tag.
func attributes(looks map[string]look, p *palette) map[string]htmltemplate.HTMLAttr {
	colours := p.replacer()
	attrs := make(map[string]htmltemplate.HTMLAttr, len(looks))
	for name, l := range looks {
		style := `style="` + colours.Replace(l.css) + `"`
		if l.class != "" {
			style = `class="` + l.class + `" ` + style
		}
		attrs[name] = htmltemplate.HTMLAttr(style)
	}
	return attrs
}

// darkRules recolour the classes. The selectors for backgrounds and for texts
// and rules begin with what is given.
func darkRules(background, text string) string {
	return darkPalette.replacer().Replace(fmt.Sprintf(`%[1]s.page{background-color:$page!important}
%[1]s.paper{background-color:$paper!important}
%[1]s.button{background-color:$button!important}
%[2]s.ink{color:$ink!important}
%[2]s.muted{color:$muted!important}
%[2]s.accent{color:$accent!important}
%[2]s.button{color:$label!important}
%[2]s.inkline{border-color:$ink!important}
%[2]s.line{border-color:$line!important}
`, background, text))
}

// sheet is the style element of every mail. It only betters what the inline
// styles already do. The rules stand in two elements because some clients drop
// a whole element over one rule that they do not know.
func sheet() htmltemplate.HTML {
	return htmltemplate.HTML(`<style>
@media (max-width:520px){
.edge{padding-left:16px!important;padding-right:16px!important}
.title{font-size:34px!important;line-height:39px!important}
.leadtitle{font-size:26px!important;line-height:32px!important}
.lettertitle{font-size:24px!important;line-height:30px!important}
.thumb{width:88px!important}
.thumbcell{width:88px!important;padding-left:12px!important}
.thumbcellrtl{width:88px!important;padding-right:12px!important}
}
</style>
<style>
:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (prefers-color-scheme:dark){
` + darkRules("", "") + `}
` + darkRules("[data-ogsb] ", "[data-ogsc] ") + `</style>`)
}
