package mailtest

import (
	"strings"

	"broadsheet/mail/sink"
)

// tableScenes are the rows of the answer table at each phase in which they can occur.
func tableScenes() []Scene {
	out := []Scene{
		taken(says(sink.PhaseDot, "250 ok", accepted)), taken(says(sink.PhaseDot, "251 2.1.5 will forward", accepted)),
		says(sink.PhaseMail, "552 5.3.4 message size exceeds fixed limit", refusedSize),
		says(sink.PhaseMail, "550 5.7.1 sender rejected", paused),
		says(sink.PhaseAuth, "454 4.7.0 temporary authentication failure", requeued),
		says(sink.PhaseAuth, "535 5.7.8 authentication credentials invalid", paused),
		says(sink.PhaseStartTLS, "454 4.7.0 TLS not available due to local problem", requeued),
		says(sink.PhaseStartTLS, "502 5.5.1 not implemented", paused),
		says(sink.PhaseMail, "530 5.7.0 authentication required", paused),
		says(sink.PhaseRcpt, "530 5.7.0 authentication required", paused),
		says(sink.PhaseDot, "503 5.5.1 bad sequence of commands", pausedLate),
		{Name: "starttls: not offered", TLS: true, NoTLS: true, Fate: paused},
		{Name: "nothing listens", Down: true, Fate: requeued},
		{Name: "hello: only HELO is known", Fate: accepted, Taken: true, Hook: func(e sink.Event) sink.Action {
			if e.Phase == sink.PhaseHello && strings.HasPrefix(e.Line, "EHLO") {
				return sink.Action{Reply: "502 5.5.1 not implemented"}
			}
			return sink.Action{}
		}},
	}
	for _, phase := range append(dialPhases(), commandPhases()...) {
		out = append(out, does("421 and closed", phase, sink.Action{Reply: "421 4.3.2 shutting down", Close: true}, requeued))
	}
	out = append(out, does("421 and closed", sink.PhaseDot, sink.Action{Reply: "421 4.3.2 shutting down", Close: true}, halfway))
	for _, phase := range []sink.Phase{sink.PhaseBanner, sink.PhaseHello, sink.PhaseMail} {
		out = append(out, says(phase, "451 4.3.0 local error", requeued), says(phase, "554 5.3.2 no service here", paused))
	}
	for _, phase := range []sink.Phase{sink.PhaseMail, sink.PhaseRcpt, sink.PhaseData} {
		out = append(out, says(phase, "503 5.5.1 out of order", paused))
	}
	return append(out, answersAboutReaders()...)
}

// answersAboutReaders are the rows that hold wherever the server knows the recipient.
func answersAboutReaders() []Scene {
	var out []Scene
	for _, phase := range []sink.Phase{sink.PhaseRcpt, sink.PhaseData, sink.PhaseDot} {
		for _, reply := range []string{"450 4.2.1 mailbox busy", "451 4.7.1 try again later", "452 4.2.2 over quota for now", "499 odd"} {
			out = append(out, says(phase, reply, later))
		}
		out = append(out, says(phase, "554 5.6.0 cannot be converted", refused), says(phase, "554 no", refused))
		for _, reply := range []string{
			"550 5.7.1 refused", "554 5.7.26 unauthenticated", "550 this looks like spam", "554 blocked", "550 local policy", "550 fails DMARC",
		} {
			out = append(out, says(phase, reply, distrusted))
		}
		if phase == sink.PhaseData {
			continue // who was known a moment ago is not unknown now
		}
		for _, status := range []string{"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"} {
			out = append(out, says(phase, "550 "+status+" no such mailbox", unknown))
		}
		for _, reply := range []string{"550 5.2.2 mailbox full", "552 5.2.2 mailbox full", "552 over quota"} {
			out = append(out, says(phase, reply, full))
		}
	}
	return out
}

// providerScenes are answers in the words of those who send them.
func providerScenes() []Scene {
	lines := func(s ...string) string { return strings.Join(s, "\r\n") }
	return []Scene{
		says(sink.PhaseRcpt, lines(
			"550-5.1.1 The email account that you tried to reach does not exist. Please try",
			"550-5.1.1 double-checking the recipient's email address for typos or",
			"550-5.1.1 unnecessary spaces. For more information, go to",
			"550 5.1.1  https://support.google.com/mail/?p=NoSuchUser 00721157ae682-gsmtp"), unknown),
		says(sink.PhaseRcpt, lines(
			"550-5.2.1 The email account that you tried to reach is inactive. For more",
			"550 5.2.1 information, go to https://support.google.com/mail/?p=DisabledUser 00721157ae682-gsmtp"), unknown),
		says(sink.PhaseRcpt, lines(
			"450-4.2.1 The user you are trying to contact is receiving mail at a rate that",
			"450 4.2.1 prevents additional messages from being delivered. 00721157ae682-gsmtp"), later),
		says(sink.PhaseRcpt, lines(
			"452-4.2.2 The recipient's inbox is out of storage space. Please direct the",
			"452 4.2.2 recipient to https://support.google.com/mail/?p=OverQuotaTemp 00721157ae682-gsmtp"), later),
		says(sink.PhaseRcpt, lines(
			"552-5.2.2 The recipient's inbox is out of storage space and inactive.",
			"552 5.2.2 https://support.google.com/mail/?p=OverQuotaPerm 00721157ae682-gsmtp"), full),
		says(sink.PhaseDot, lines(
			"550-5.7.26 Your email has been blocked because the sender is unauthenticated.",
			"550-5.7.26 Gmail requires all senders to authenticate with either SPF or DKIM.",
			"550 5.7.26  https://support.google.com/mail/answer/81126#authentication 00721157ae682-gsmtp"), distrusted),
		says(sink.PhaseDot, lines(
			"421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating",
			"421 4.7.28 from your IP address [192.0.2.1      15]. 00721157ae682-gsmtp"), halfway),

		says(sink.PhaseRcpt, "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302). [AM0EUR02.eop-EUR02.prod.protection.outlook.com]", unknown),
		says(sink.PhaseMail, "451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation. (S775)", requeued),
		says(sink.PhaseMail, "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Part of their network is on our block list (S3140).", paused),
		says(sink.PhaseDot, "550 5.7.515 Access denied, sending domain courier.example does not meet the required authentication level.", distrusted),

		says(sink.PhaseRcpt, "550 5.4.1 Recipient address rejected: Access denied. [DB5PEPF00014B8B.eurprd02.prod.outlook.com]", unknown),
		says(sink.PhaseDot, "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", unknown),
		says(sink.PhaseDot, "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException", full),
		says(sink.PhaseRcpt, "451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (S77719)", later),
		says(sink.PhaseRcpt, "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP.", distrusted),

		says(sink.PhaseDot, "554 delivery error: dd This user doesn't have a yahoo.com account (ann@yahoo.com) [0] - mta4118.mail.bf1.yahoo.com", unknown),
		does("421 Yahoo [TSS04] and closed", sink.PhaseBanner, sink.Action{Close: true,
			Reply: "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints"}, requeued),
		says(sink.PhaseDot, "554 5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes", distrusted),

		does("554 GMX and closed", sink.PhaseBanner, sink.Action{Close: true, Reply: lines(
			"554-gmx.net (mxgmx012) Nemesis ESMTP Service not available", "554-No SMTP service", "554-IP address is black listed.",
			"554 For explanation visit https://postmaster.gmx.net/en/error-messages?ip=192.0.2.1&c=bl")}, paused),
		does("421 GMX and closed", sink.PhaseBanner, sink.Action{Close: true, Reply: lines(
			"421-gmx.net (mxgmx012) Nemesis ESMTP Service not available", "421 Try again later")}, requeued),
		says(sink.PhaseDot, lines("554-Transaction failed", "554-Reject due to policy restrictions.",
			"554 For explanation visit https://postmaster.gmx.net/en/error-messages?ip=192.0.2.1&c=hi"), distrusted),
		says(sink.PhaseRcpt, lines("552-Requested mail action aborted: exceeded storage allocation", "552 Quota exceeded"), full),

		says(sink.PhaseRcpt, "550 5.1.1 <ann@reader.example>: Recipient address rejected: User unknown in local recipient table", unknown),
		says(sink.PhaseRcpt, "550 5.1.1 <ann@reader.example>: undeliverable address: host mx.reader.example said: 550 Authentication required", unknown),
		says(sink.PhaseRcpt, "450 4.2.0 <ann@reader.example>: Recipient address rejected: Greylisted for 300 seconds", later),
		says(sink.PhaseRcpt, "554 5.7.1 <ann@reader.example>: Relay access denied", paused),
		says(sink.PhaseRcpt, "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", distrusted),
		says(sink.PhaseMail, "452 4.3.1 Insufficient system storage", requeued),
		does("421 Postfix has had enough", sink.PhaseRcpt, sink.Action{Close: true, Reply: "421 4.7.0 mx.reader.example Error: too many errors"}, requeued),

		says(sink.PhaseRcpt, "550 Unknown user", unknown),
		says(sink.PhaseRcpt, "550 Unrouteable address", refused),
		says(sink.PhaseRcpt, "451 Temporary local problem - please try later", later),
		says(sink.PhaseRcpt, "550 relay not permitted", paused),
		says(sink.PhaseDot, "550 This message was classified as SPAM and may not be delivered", distrusted),

		taken(says(sink.PhaseDot, "250 Ok 0102018f3c5e7a90-5d0e3b1c-000000", accepted)),
		says(sink.PhaseAuth, "535 Authentication Credentials Invalid", paused),
	}
}
