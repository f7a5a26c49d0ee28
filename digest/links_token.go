package digest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"time"

	"broadsheet/subscribers"
)

// ErrBadLink says that a link was not made by us for what it is used for.
var ErrBadLink = errors.New("bad link")

// PublicLinks makes and reads the links in mails that name no reader: to the
// mail itself, over our server to a story, and of the pixel. They never expire.
// It is safe for concurrent use.
type PublicLinks struct {
	base string
	keys *subscribers.Keys
	asOf time.Time // whose key signs; zero for now
}

// publicLabel is what the keys of these links are derived for.
const publicLabel = "public link"

// NewPublicLinks returns links below publicURL, signed with the key that signs now.
func NewPublicLinks(publicURL string, keys *subscribers.Keys) *PublicLinks {
	return &PublicLinks{base: strings.TrimRight(publicURL, "/"), keys: keys}
}

// AsOf returns links as l made them at a time, even if the keys were rotated since.
func (l *PublicLinks) AsOf(at time.Time) *PublicLinks {
	return &PublicLinks{base: l.base, keys: l.keys, asOf: at}
}

// What a link is for, which is also the first letter of its path.
const (
	linkView = 'v'
	linkGo   = 'r'
	linkOpen = 'o'
)

// Mailing says which mail a link stands in: all readers with that selection of
// an edition have it.
type Mailing struct{ EditionID, SelectionID int64 }

// LinkPlace is where a link stands that is of no story and of no slot.
type LinkPlace string

// The places of links.
const (
	PlaceIntroduction LinkPlace = "introduction"
	PlaceCorrections  LinkPlace = "corrections"
	PlaceMore         LinkPlace = "more" // "and 9 more stories"
)

// Click is a link of a mail that was followed: that of a story, of a slot, or of
// a place beside them.
type Click struct {
	EditionID int64
	ArticleID int64     // of a story
	Slot      string    // of a slot, its slug
	Place     LinkPlace // of any other link
	Position  int       // among the stories, the slots or the links of the place in the mail, from 1

	section int64  // in which the story stands: a topic, SectionTop or SectionLatest
	target  string // of anything but a story
}

// placeMark begins the name of a place where slots have their slug, which never
// begins so.
const placeMark = "#"

// name is the slug of the slot or the name of the place, "" for a story.
func (c *Click) name() string {
	if c.Place != "" {
		return placeMark + string(c.Place)
	}
	return c.Slot
}

// splitName tells the slug of a slot from a place.
func splitName(name string) (slot string, place LinkPlace) {
	if rest, ok := strings.CutPrefix(name, placeMark); ok {
		return "", LinkPlace(rest)
	}
	return name, ""
}

// View returns the link to a mail as a page.
func (l *PublicLinks) View(m Mailing) string { return l.link(linkView, l.viewFields(m)) }

// Go returns the link that leads to the target of a click.
func (l *PublicLinks) Go(c Click) string { return l.link(linkGo, c.fields()) }

// Open returns the address of the pixel of an edition.
func (l *PublicLinks) Open(editionID int64) string {
	return l.link(linkOpen, binary.AppendUvarint(nil, uint64(editionID))) + pixelSuffix
}

const pixelSuffix = ".gif"

// A token is a version byte, the purpose, its fields and a MAC over all of them,
// in unpadded base64url.
const (
	linkVersion = 1
	linkHead    = 2
	linkMAC     = 12
	longestLink = 4096
)

func (l *PublicLinks) link(purpose byte, fields []byte) string {
	raw := append([]byte{linkVersion, purpose}, fields...)
	raw = append(raw, linkSum(l.key(), raw)...)
	return l.base + "/" + string(rune(purpose)) + "/" + base64.RawURLEncoding.EncodeToString(raw)
}

func (l *PublicLinks) key() []byte {
	if l.asOf.IsZero() {
		return l.keys.Derive(publicLabel)
	}
	return l.keys.DeriveAsOf(publicLabel, l.asOf)
}

func linkSum(key, signed []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(signed)
	return h.Sum(nil)[:linkMAC]
}

// verify returns the fields of a token that one of our keys signed for a purpose.
func (l *PublicLinks) verify(purpose byte, token string) ([]byte, error) {
	if len(token) > longestLink {
		return nil, ErrBadLink
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	// The decoder skips line breaks; one token must have one spelling.
	if err != nil || base64.RawURLEncoding.EncodedLen(len(raw)) != len(token) || len(raw) < linkHead+linkMAC {
		return nil, ErrBadLink
	}
	signed, sum := raw[:len(raw)-linkMAC], raw[len(raw)-linkMAC:]
	if signed[0] != linkVersion || signed[1] != purpose {
		return nil, ErrBadLink
	}
	for _, key := range l.keys.DeriveAll(publicLabel) {
		if hmac.Equal(sum, linkSum(key, signed)) {
			return signed[linkHead:], nil
		}
	}
	return nil, ErrBadLink
}

func (l *PublicLinks) viewFields(m Mailing) []byte {
	return binary.BigEndian.AppendUint64(binary.AppendUvarint(nil, uint64(m.EditionID)), uint64(m.SelectionID))
}

// ReadView reads the token of a link to a mail. It returns ErrBadLink for
// anything that View did not make.
func (l *PublicLinks) ReadView(token string) (Mailing, error) {
	fields, err := l.verify(linkView, token)
	if err != nil {
		return Mailing{}, err
	}
	r := linkReader{rest: fields}
	m := Mailing{EditionID: r.number()}
	if r.failed || len(r.rest) != 8 {
		return Mailing{}, ErrBadLink
	}
	m.SelectionID = int64(binary.BigEndian.Uint64(r.rest))
	return m, nil
}

// ReadOpen reads the token of a pixel with the end of its name. It returns
// ErrBadLink for anything that Open did not make.
func (l *PublicLinks) ReadOpen(name string) (editionID int64, err error) {
	token, ok := strings.CutSuffix(name, pixelSuffix)
	if !ok {
		return 0, ErrBadLink
	}
	fields, err := l.verify(linkOpen, token)
	if err != nil {
		return 0, err
	}
	r := linkReader{rest: fields}
	if editionID = r.number(); r.failed || len(r.rest) > 0 {
		return 0, ErrBadLink
	}
	return editionID, nil
}

// fields are the edition, the article, the position and the section; without an
// article the name of the slot or place with its length and the target follow
// instead of the section.
func (c *Click) fields() []byte {
	b := binary.AppendUvarint(nil, uint64(c.EditionID))
	b = binary.AppendUvarint(b, uint64(c.ArticleID))
	b = binary.AppendUvarint(b, uint64(c.Position))
	if c.ArticleID != 0 {
		return binary.AppendVarint(b, c.section)
	}
	name := c.name()
	b = binary.AppendUvarint(b, uint64(len(name)))
	return append(append(b, name...), c.target...)
}

// ReadGo reads the token of a link that leads to the target of a click. It
// returns ErrBadLink for anything that Go did not make.
func (l *PublicLinks) ReadGo(token string) (Click, error) {
	fields, err := l.verify(linkGo, token)
	if err != nil {
		return Click{}, err
	}
	r := linkReader{rest: fields}
	c := Click{EditionID: r.number(), ArticleID: r.number(), Position: int(r.number())}
	if c.ArticleID != 0 {
		if c.section = r.signed(); r.failed || len(r.rest) > 0 {
			return Click{}, ErrBadLink
		}
		return c, nil
	}
	name := r.text(r.number())
	c.Slot, c.Place = splitName(name)
	if c.target = string(r.rest); r.failed || name == "" || name == placeMark || c.target == "" {
		return Click{}, ErrBadLink
	}
	return c, nil
}

// linkReader cuts fields off a token and remembers whether one was missing.
type linkReader struct {
	rest   []byte
	failed bool
}

func (r *linkReader) number() int64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > math.MaxInt64 {
		r.rest, r.failed = nil, true
		return 0
	}
	r.rest = r.rest[n:]
	return int64(v)
}

func (r *linkReader) signed() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.rest, r.failed = nil, true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *linkReader) text(length int64) string {
	if length > int64(len(r.rest)) {
		r.rest, r.failed = nil, true
		return ""
	}
	text := string(r.rest[:length])
	r.rest = r.rest[length:]
	return text
}
