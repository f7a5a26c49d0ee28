package mail

import (
	"fmt"
	"time"
)

// sharedFields are the fields of a message that name no reader, encoded. The reader's fields stand between them.
type sharedFields struct {
	values sharedValues
	lead   []byte
	rest   []byte // with those of MIME and the empty line's end left out
}

// plainType is the Content-Type of a message of text alone.
const plainType = "text/plain; charset=utf-8"

// sharedValues are what sharedFields are made from.
type sharedValues struct {
	from, replyTo      Address
	hasReplyTo         bool
	subject            string
	date               time.Time
	listID, feedbackID string
	bulk, automatic    bool
	boundary           string // "" for a message of text alone
}

func sharedValuesOf(h *Header, boundary string) sharedValues {
	v := sharedValues{
		from: h.From, hasReplyTo: h.ReplyTo != nil, subject: h.Subject, date: h.Date, listID: h.ListID,
		feedbackID: h.FeedbackID, bulk: h.Bulk, automatic: h.AutoSubmitted, boundary: boundary,
	}
	if v.hasReplyTo {
		v.replyTo = *h.ReplyTo
	}
	return v
}

func newSharedFields(v sharedValues) (*sharedFields, error) {
	if v.boundary != "" {
		if err := checkBoundary(v.boundary); err != nil {
			return nil, err
		}
	}
	if v.date.IsZero() {
		return nil, fmt.Errorf("field Date: %w: it is not set", ErrHeader)
	}
	var w headerWriter
	w.literal("Date", v.date.Format(dateLayout))
	w.address("From", v.from)
	if v.hasReplyTo {
		w.address("Reply-To", v.replyTo)
	}
	if v.subject != "" {
		w.text("Subject", v.subject)
	}
	lead := w.dst
	w.dst = nil
	w.rest(&v)
	return &sharedFields{values: v, lead: lead, rest: w.dst}, w.err
}

func (w *headerWriter) rest(v *sharedValues) {
	if v.listID != "" {
		w.listID(v.listID)
	}
	if v.feedbackID != "" {
		w.literal("Feedback-ID", v.feedbackID)
	}
	if v.bulk {
		w.literal("Precedence", "bulk")
		w.literal("X-Auto-Response-Suppress", "OOF, AutoReply")
	}
	if v.automatic {
		w.literal("Auto-Submitted", "auto-generated")
	}
	w.literal("MIME-Version", "1.0")
	if v.boundary == "" {
		w.literal("Content-Type", plainType)
		w.literal("Content-Transfer-Encoding", "quoted-printable")
		return
	}
	w.literal("Content-Type", "multipart/alternative; boundary=\""+v.boundary+"\"")
	w.literal("Content-Transfer-Encoding", "7bit")
}

// checkBoundary accepts what makeBoundary makes.
func checkBoundary(s string) error {
	ok := len(s) > len("=_") && len(s) <= 38 && s[:2] == "=_"
	for i := 2; ok && i < len(s); i++ {
		ok = isAlphanumeric(s[i])
	}
	if !ok {
		return fmt.Errorf("boundary %q: %w: use that of the body or of mail.Boundary", s, ErrHeader)
	}
	return nil
}
