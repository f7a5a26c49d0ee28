package ingest

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/html/atom"

	"broadsheet/internal/pattern"
)

// trimmer takes from the blocks of a story what is no part of it.
type trimmer struct {
	headline string
	left     []Taken // what was left out, and why
}

func (t *trimmer) leaveOut(b block, why string) {
	t.left = append(t.left, Taken{As: "furniture", From: why, Text: b.text})
}

// trim returns the blocks that are the story.
func (t *trimmer) trim(blocks []block) []block {
	blocks = t.without(blocks, "no words", func(_ int, b block) bool { return !hasWords(b.text) })
	blocks = t.withoutTail(blocks)
	blocks = t.withoutHead(blocks)
	blocks = t.without(blocks, "caption", func(_ int, b block) bool { return b.isCaption() })
	blocks = t.without(blocks, "invitation", func(_ int, b block) bool { return b.isInvitation() })
	blocks = t.without(blocks, "links", func(i int, b block) bool { return isLinkAmongLinks(blocks, i) || b.isTeaser() })
	return t.withoutNotes(blocks)
}

// without leaves out the blocks that a rule names.
func (t *trimmer) without(blocks []block, why string, rule func(int, block) bool) []block {
	out := make([]block, 0, len(blocks))
	for i, b := range blocks {
		if rule(i, b) {
			t.leaveOut(b, why)
			continue
		}
		out = append(out, b)
	}
	return out
}

func hasWords(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) >= 0
}

var (
	// pageEndHeading is what stands over things that are never followed by more
	// of the story.
	pageEndHeading = pattern.New(`(?i)^(?:comments?|leave a (?:reply|comment)|(?:\d+\s+)?comments?|about the author|something\s+to\s+consider|make .{1,20} my homepage|` +
		`kommentare|commentaires|comentarios|comentários|commenti|reacties)\s*[:.…]?$`)

	// pageMoreHeading is what stands over links to other stories, at the end or
	// within a story.
	pageMoreHeading = pattern.New(`(?i)^(?:(?:most|popular|latest|recent|top|trending)\s+(?:read|viewed|popular|posts?|stories|news|articles?|now)|trending(?:\s+now)?|author|` +
		`related(?:\s+(?:articles?|stories|posts?|news|topics?|content|coverage|links?))?|more\s+(?:great|from|stories|on|in)\b.{0,60}|` +
		`you\s+(?:may|might)\s+(?:also\s+)?(?:like|be interested in)|read\s+next|up\s+next|recommended(?:\s+for\s+you)?|don['’]t\s+miss|stay\s+in\s+touch|share\s+this(?:\s+\w+)?|` +
		`tags?|topics|sign\s+up.{0,60}|newsletters?|follow\s+us|mehr\s+zum\s+thema|das\s+könnte\s+sie\s+auch\s+interessieren|meistgelesen|verwandte\s+artikel|` +
		`à\s+lire\s+aussi|sur\s+le\s+même\s+sujet|articles\s+liés|te\s+puede\s+interesar|noticias\s+relacionadas|leia\s+também|leggi\s+anche|articoli\s+correlati|lees\s+ook)\s*[:.…]?$`)
)

// withoutTail cuts a story at the heading of what follows it. A heading in the
// first half is one of the story's own.
func (t *trimmer) withoutTail(blocks []block) []block {
	total, sum := 0, 0
	for _, b := range blocks {
		total += b.runes()
	}
	for i, b := range blocks {
		if sum*2 > total && b.runes() < 80 && b.kind != atom.Li && isEnd(b.text, blocks[i+1:]) {
			for _, b := range blocks[i:] {
				t.leaveOut(b, "after the story")
			}
			return blocks[:i]
		}
		sum += b.runes()
	}
	return blocks
}

// isEnd says whether a heading ends the story. One over links to other stories
// does not, if paragraphs follow.
func isEnd(heading string, rest []block) bool {
	if pageEndHeading.MatchString(heading) {
		return true
	}
	isParagraph := func(b block) bool { return b.runes() > 80 && b.linked*3 < b.runes() }
	return pageMoreHeading.MatchString(heading) && !slices.ContainsFunc(rest[min(1, len(rest)):], isParagraph)
}

// maxHead is how many blocks at the beginning may be a headline, a byline or a
// date.
const maxHead = 8

var (
	pageHeadAddress = pattern.New(`^https?://\S+$`)
	pageHeadByline  = pattern.New(`(?i)^(?:by|von|par|por|di|door)\b[^.!?]{0,100}$`)
	pageHeadDate    = pattern.New(`(?i)^(?:(?:first\s+)?(?:published|updated|posted|last\s+(?:updated|modified)|created)\b.{0,160}|` +
		`.{0,60}\b(?:19|20)\d\d\b.{0,60}(?:\d{1,2}[:.]\d\d).{0,60}|\D{0,20}\d{1,2}[./ ]+\S{2,10}[ ./]+(?:19|20)\d\d|\p{L}{3,10}\.?\s+\d{1,2},\s+(?:19|20)\d\d)$`)
	pageHeadControls = pattern.New(`(?i)^(?:text\s+size|order\s+reprints|print(?:\s+(?:article|this))?|share|save|listen|highlights|close|caption|home|news|\d{1,3}|image\s+\d+.{0,20}|by|\d+\s+min(?:ute)?s?\s+read)$`)
)

// withoutHead leaves out what stands between the headline and the first
// paragraph.
func (t *trimmer) withoutHead(blocks []block) []block {
	paragraphs := 0
	return t.without(blocks, "head", func(i int, b block) bool {
		text := b.text
		switch {
		case pageHeadControls.MatchString(text):
			return true
		case i >= maxHead || paragraphs > 1:
			return false
		case t.headline != "" && strings.EqualFold(text, t.headline):
			return true
		case b.runes() < 160 && (pageHeadAddress.MatchString(text) || !b.isSubhead() && pageHeadByline.MatchString(text) || pageHeadDate.MatchString(text)):
			return true
		case paragraphs == 0 && (b.isSubhead() && b.runes() > 80 || b.isLabel()):
			return true
		}
		if b.runes() > 100 && !b.isSubhead() {
			paragraphs++
		}
		return false
	})
}

// isLabel says whether a block is some words that are no sentence, such as a
// day or a name.
func (b block) isLabel() bool {
	return !b.isSubhead() && b.kind != atom.Li && b.runes() < 40 && !strings.ContainsAny(b.text, ".!?:…。")
}

var (
	pageCaptionHead = pattern.New(`(?i)^(?:(?:photo|image|picture|foto|bild|video|caption|fotos?|photograph)s?(?:\s+(?:credit|copyright|by|courtesy))?\s*[:©/]|image\s+(?:copyright|caption)\b|` +
		`©|\(c\)|copyright\s*(?:[©@:]|\(c\)|\d{4})|media\s+playback\s+is\s+unsupported|via\s+syndigate)`)
	pageCaptionTail = pattern.New(`(?i)(?:\((?:photos?|images?|pictures?|foto|bild|credit|©)\b?[^()]{0,100}\)|\([^()]{0,80}(?:getty|shutterstock|/\s*(?:reuters|afp|ap|epa)\b)[^()]{0,80}\)|` +
		`\((?:nasa|reuters|afp|ap|epa)/[^()]{2,80}\)|/\s*getty\s+images|photos?\s+©[^.]{0,60}|©[^.]{0,60})\s*\.?\s*$`)

	// pageAgency is how a caption names an agency, and how the last sentence
	// of a story does.
	pageAgency = pattern.New(`[^.!?"”\s]\s*\((?:AP|AFP|EPA|Reuters)\)$`)
)

// isCaption says whether a block belongs to a picture.
func (b block) isCaption() bool {
	switch n := b.runes(); {
	case b.figure && n < 300:
		return true
	case n < 200 && pageCaptionHead.MatchString(b.text):
		return true
	case n >= 400 || !strings.ContainsAny(b.text, "(/©"): // as all that follows has
		return false
	case n < 200 && pageAgency.MatchString(b.text):
		return true
	case !b.isSubhead() && pageCaptionTail.MatchString(b.text):
		return true
	}
	return false
}

const mailWords = `(?:newsletters?|e-?mails?|inbox|alerts?|briefings?|updates|app)\b`

var (
	pageInvitation = pattern.New(`(?i)^(?:subscribe(?:\s+(?:to|now|today|here)\b.{0,120})?|(?:sign\s+up|get|join|let\s+our\s+news)\b.{0,160}\b` + mailWords + `.{0,160}|sign\s+up(?:\s+(?:now|here|today))?|` +
		`click\s+here\b.{0,120}|follow\b.{1,60}\bon\s+(?:twitter|facebook|instagram|x|telegram|youtube|tiktok|linkedin|threads|mastodon|bluesky)\b.{0,200}|follow\s+.{2,60}\bcoverage\b.{0,120}|` +
		`join\s+(?:our|the)\b.{0,40}\b(?:forums?|community|channel|group|discussion|conversation|whatsapp|telegram)\b.{0,160}|learn\s+more|` +
		`download\s+(?:the|our)\b.{0,120}app\b.{0,60}|advertisement|anzeige|publicité|publicidad|pubblicità|iklan|реклама|breaking\s+news\s+emails?|let\s+our\s+news\b.{0,40}\binbox\b.{0,120}|` +
		`(?:like|share)\s+this(?:\s+(?:story|post|article|page|entry))?\s*:?.{0,10}|have\s+a\s+(?:news\s+)?tip\b.{0,200}|write\s+to\s+\S+(?:\s+\S+){0,3}\s+at\s+\S+@.{0,80}|if\s+you\s+enjoyed\s+this\s+article\b.{0,400}|` +
		`filed\s+under\b.{0,120}|jetzt\s+.{0,40}abonnieren.{0,60}|abonnez-vous\b.{0,120}|suscríbete\b.{0,120})$`)

	pageCommission = pattern.New(`(?i)^.{0,100}\bmay\s+earn\s+(?:an?|a\s+small)\s+(?:affiliate\s+)?commission\b.{0,200}$`)

	pageTeaser = pattern.New(`(?i)^(?:related(?:\s+(?:post|story|article|video|coverage)s?)?|(?:read|see|watch|find\s+out)\s+(?:more|also|next|full)|also\s+read|see\s+also|more|don['’]t\s+miss|lesen\s+sie\s+auch|mehr\s+dazu|` +
		`lire\s+aussi|à\s+lire(?:\s+aussi)?|lea\s+también|lee\s+también|leggi\s+anche|leia\s+(?:também|mais)|lees\s+ook|baca\s+juga|читайте\s+также)\s*(?::|»|>|\||–|-|$)`)
)

// isInvitation says whether a block asks for a subscription, a click or money.
func (b block) isInvitation() bool {
	if b.runes() >= 450 {
		return false
	}
	return pageInvitation.MatchString(b.text) || strings.Contains(b.text, "ommission") && pageCommission.MatchString(b.text)
}

// isTeaser says whether a block in the story points to another story.
func (b block) isTeaser() bool {
	switch {
	case b.runes() > 400:
		return false
	case pageTeaser.MatchString(b.text):
		return b.linked > 0 || b.runes() < 60
	case pageMoreHeading.MatchString(b.text):
		return !b.isSubhead()
	}
	return b.isLink() && b.runes() > 20 && b.text == strings.ToUpper(b.text) && b.text != strings.ToLower(b.text)
}

// isLinkAmongLinks says whether a block is an item in a list of nothing but links.
func isLinkAmongLinks(blocks []block, i int) bool {
	isLinkItem := func(i int) bool {
		return i >= 0 && i < len(blocks) && blocks[i].kind == atom.Li && blocks[i].isLink()
	}
	return isLinkItem(i) && (isLinkItem(i-1) || isLinkItem(i+1))
}

// maxEndNotes is how many blocks at the end may be notes about who wrote a story.
const maxEndNotes = 5

var pageEndNote = pattern.New(`(?i)^(?:[(\[]?\s*(?:(?:additional\s+)?reporting|edited|editing|writing|written|compiled)\s+by\b.{0,300}|.{0,120}\bcontributed\s+(?:to\s+this\s+(?:report|story|article|piece)|reporting|research)\b.{0,160}|` +
	`disclaimer\b.{0,20}|.{0,60}all\s+rights\s+reserved\.?.{0,60}|more\s+articles\s+(?:from|by)\b.{0,80}|.{0,40}\bis\s+out\s+now\b.{0,10}.*\bfollow\b.*)$`)

// withoutNotes leaves out the last blocks that are only links or tell who
// worked on the story.
func (t *trimmer) withoutNotes(blocks []block) []block {
	from := max(0, len(blocks)-maxEndNotes)
	keep := blocks[:from]
	rest := t.without(blocks[from:], "note at the end", func(_ int, b block) bool { return b.runes() < 500 && pageEndNote.MatchString(b.text) })
	blocks = slices.Concat(keep, rest)
	for len(blocks) > 1 {
		last := blocks[len(blocks)-1]
		if !last.isLink() && !last.isSubhead() {
			break
		}
		t.leaveOut(last, "links at the end")
		blocks = blocks[:len(blocks)-1]
	}
	return blocks
}
