package mail_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"broadsheet/mail"
)

func TestClassifyReplies(t *testing.T) {
	for _, c := range []struct {
		phase    mail.Phase
		code     int
		enhanced string
		text     string
		want     mail.Class
	}{
		{mail.PhaseDot, 250, "2.0.0", "queued", mail.ClassAccepted},
		{mail.PhaseDot, 251, "", "will forward", mail.ClassAccepted},

		{mail.PhaseRcpt, 550, "", "<spam.policy@blocked.example>: not today", mail.ClassPermanentMessage},

		{mail.PhaseRcpt, 450, "4.2.0", "greylisted", mail.ClassTemporaryRecipient},
		{mail.PhaseRcpt, 451, "4.7.1", "greylisted", mail.ClassTemporaryRecipient},
		{mail.PhaseDot, 452, "4.2.2", "mailbox full for now", mail.ClassTemporaryRecipient},
		{mail.PhaseData, 451, "", "later", mail.ClassTemporaryRecipient},
		{mail.PhaseDot, 451, "", "later", mail.ClassTemporaryRecipient},

		{mail.PhaseBanner, 421, "", "too busy", mail.ClassTemporaryPath},
		{mail.PhaseRcpt, 421, "4.7.0", "closing", mail.ClassTemporaryPath},
		{mail.PhaseDot, 421, "", "closing", mail.ClassTemporaryPath},
		{mail.PhaseBanner, 450, "", "not now", mail.ClassTemporaryPath},
		{mail.PhaseMail, 451, "4.3.0", "not now", mail.ClassTemporaryPath},
		{mail.PhaseMail, 452, "4.3.1", "disk full", mail.ClassTemporaryPath},
		{mail.PhaseAuth, 454, "4.7.0", "authentication server down", mail.ClassTemporaryPath},

		// Yahoo's word about all that we send it, which a relay passes on.
		{mail.PhaseRcpt, 421, "4.7.0", "[TSS04] Messages from 192.0.2.1 temporarily deferred", mail.ClassTemporaryRecipient},
		{mail.PhaseDot, 451, "4.7.0", "[TSS04] Messages from 192.0.2.1 temporarily deferred", mail.ClassTemporaryRecipient},
		{mail.PhaseMail, 421, "4.7.0", "[TSS04] Messages from 192.0.2.1 temporarily deferred", mail.ClassTemporaryPath},

		{mail.PhaseRcpt, 550, "5.1.1", "user unknown", mail.ClassPermanentRecipient},
		{mail.PhaseRcpt, 550, "5.1.2", "bad host", mail.ClassPermanentRecipient},
		{mail.PhaseRcpt, 501, "5.1.3", "bad syntax", mail.ClassPermanentRecipient},
		{mail.PhaseDot, 551, "5.1.6", "moved", mail.ClassPermanentRecipient},
		{mail.PhaseRcpt, 550, "5.1.10", "not found", mail.ClassPermanentRecipient},
		{mail.PhaseRcpt, 550, "5.2.1", "disabled", mail.ClassPermanentRecipient},
		{mail.PhaseRcpt, 550, "5.1.1", "unknown; see https://x.example/antispam policy", mail.ClassPermanentRecipient},
		{mail.PhaseRcpt, 550, "5.5.0", "Requested action not taken: mailbox unavailable (S2017062302)", mail.ClassPermanentRecipient},
		{mail.PhaseRcpt, 550, "5.5.0", "Adresse destinataire invalide. Invalid recipient.", mail.ClassPermanentRecipient},
		{mail.PhaseRcpt, 550, "5.4.1", "Recipient address rejected: Access denied. AS(201806281)", mail.ClassPermanentRecipient},
		{mail.PhaseDot, 554, "", "delivery error: dd This user doesn't have a yahoo.com account (x@yahoo.com) [0]", mail.ClassPermanentRecipient},
		{mail.PhaseRcpt, 550, "", "No such user here", mail.ClassPermanentRecipient},

		{mail.PhaseRcpt, 552, "5.2.2", "mailbox full", mail.ClassSoftRecipient},
		{mail.PhaseRcpt, 550, "5.2.2", "over quota", mail.ClassSoftRecipient},
		{mail.PhaseDot, 552, "", "over quota", mail.ClassSoftRecipient},

		{mail.PhaseDot, 550, "5.7.1", "refused", mail.ClassPermanentSender},
		{mail.PhaseRcpt, 550, "5.7.26", "unauthenticated", mail.ClassPermanentSender},
		{mail.PhaseDot, 552, "5.7.0", "content presents a problem", mail.ClassPermanentSender},
		{mail.PhaseDot, 554, "", "Message looks like SPAM", mail.ClassPermanentSender},
		{mail.PhaseRcpt, 550, "", "your address is blocked", mail.ClassPermanentSender},
		{mail.PhaseDot, 550, "", "rejected by local policy", mail.ClassPermanentSender},
		{mail.PhaseDot, 554, "", "fails DMARC", mail.ClassPermanentSender},

		{mail.PhaseBanner, 554, "", "no service", mail.ClassPermanentPath},
		{mail.PhaseMail, 550, "5.7.1", "sender rejected", mail.ClassPermanentPath},
		{mail.PhaseMail, 530, "5.7.0", "authenticate first", mail.ClassPermanentPath},
		{mail.PhaseAuth, 535, "5.7.8", "wrong password", mail.ClassPermanentPath},
		{mail.PhaseRcpt, 503, "5.5.1", "need MAIL", mail.ClassPermanentPath},
		{mail.PhaseDot, 503, "", "out of order", mail.ClassPermanentPath},
		{mail.PhaseRcpt, 530, "", "authentication required", mail.ClassPermanentPath},
		{mail.PhaseRcpt, 554, "5.7.1", "<a@b.example>: Relay access denied", mail.ClassPermanentPath},
		{mail.PhaseRcpt, 550, "", "relaying denied", mail.ClassPermanentPath},

		// A relay that verifies recipients quotes their servers, who say what they like.
		{mail.PhaseRcpt, 550, "5.1.1", "<a@b.example>: Recipient address rejected: undeliverable address: host mx.b.example said: " +
			"550 Authentication required (in reply to RCPT TO command)", mail.ClassPermanentRecipient},
		{mail.PhaseRcpt, 550, "5.7.1", "undeliverable address: host mx.b.example Said: 550 relay access denied", mail.ClassPermanentSender},
		{mail.PhaseRcpt, 550, "5.4.0", "relaying denied, says mx.b.example", mail.ClassPermanentMessage},

		{mail.PhaseDot, 554, "5.6.0", "cannot convert", mail.ClassPermanentMessage},
		{mail.PhaseDot, 552, "5.3.4", "too big", mail.ClassPermanentMessage},
		{mail.PhaseMail, 552, "5.3.4", "too big", mail.ClassPermanentMessage},
		{mail.PhaseData, 554, "", "transaction failed", mail.ClassPermanentMessage},
		{mail.PhaseRcpt, 550, "5.5.0", "odd", mail.ClassPermanentMessage},
		{mail.PhaseRcpt, 550, "5.4.1", "no answer from host", mail.ClassPermanentMessage},

		{mail.PhaseMail, 250, "", "", mail.ClassTemporaryPath},
		{mail.PhaseDot, 354, "", "", mail.ClassUncertain},
		{mail.PhaseDial, 0, "", "", mail.ClassTemporaryPath},
	} {
		r := mail.Reply{Code: c.code, Enhanced: c.enhanced, Text: c.text, Phase: c.phase}
		if got := mail.Classify(r, nil); got != c.want {
			t.Errorf("%s to %s: got %s, want %s", r, c.phase, got, c.want)
		}
	}
}

func TestClassifyErrors(t *testing.T) {
	for _, c := range []struct {
		reply mail.Reply
		err   error
		want  mail.Class
	}{
		{mail.Reply{Phase: mail.PhaseDot}, fmt.Errorf("%w: %w", mail.ErrUncertain, io.EOF), mail.ClassUncertain},
		{mail.Reply{Phase: mail.PhaseDot, Code: 250}, mail.ErrUncertain, mail.ClassUncertain},
		{mail.Reply{Phase: mail.PhaseRcpt}, fmt.Errorf("%w: %w", mail.ErrLost, io.EOF), mail.ClassTemporaryPath},
		{mail.Reply{Phase: mail.PhaseBody}, mail.ErrAborted, mail.ClassTemporaryPath},
		{mail.Reply{Phase: mail.PhaseMail}, mail.ErrMessage, mail.ClassPermanentMessage},
		{mail.Reply{Phase: mail.PhaseTLS}, mail.ErrRelaySetup, mail.ClassPermanentPath},
		{mail.Reply{Phase: mail.PhaseDial}, errors.New("connection refused"), mail.ClassTemporaryPath},
		{mail.Reply{Phase: mail.PhaseBanner, Code: 554}, errors.New("no service"), mail.ClassPermanentPath},
	} {
		if got := mail.Classify(c.reply, c.err); got != c.want {
			t.Errorf("%v with %v: got %s, want %s", c.reply, c.err, got, c.want)
		}
	}
}
