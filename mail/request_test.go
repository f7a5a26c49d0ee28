package mail_test

import (
	"strings"
	"testing"

	"broadsheet/mail"
)

func TestUnsubscribeRequest(t *testing.T) {
	const token = "Ae29AwFV3fmT-Kr86svM_qU"
	if got, want := mail.UnsubscribeURI("leave@courier.example", token), "mailto:leave@courier.example?subject=unsubscribe%20"+token; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	head := "From: Ada <ada@reader.example>\r\nTo: leave@courier.example\r\n"
	for _, tt := range []struct{ name, mail, want string }{
		{"as asked", head + "Subject: unsubscribe " + token + "\r\n\r\n", token},
		{"another letter case of the word", head + "Subject: Unsubscribe " + token + "\r\n\r\n", token},
		{"a reply", head + "Subject: Re: unsubscribe " + token + "\r\n\r\n", token},
		{"folded", head + "Subject: unsubscribe\r\n " + token + "\r\n\r\n", token},
		{"encoded", head + "Subject: =?utf-8?q?unsubscribe_" + strings.ReplaceAll(token, "_", "=5F") + "?=\r\n\r\n", token},
		{"encoded in base64", head + "Subject: =?UTF-8?B?dW5zdWJzY3JpYmUgQWUyOUF3RlYzZm1ULUtyODZzdk1fcVU=?=\r\n\r\n", token},
		{"in the text", head + "Subject: stop\r\n\r\nPlease unsubscribe: " + token + ".\r\nThanks\r\n", token},
		{"in quoted-printable", head + "Subject: stop\r\n\r\nunsubscribe Ae29AwFV3fm=\r\nT-Kr86svM_qU\r\n", token},
		{"without a subject", head + "\r\nunsubscribe " + token, token},
		{"no token", head + "Subject: unsubscribe me\r\n\r\nplease, I beg you with all my heart", ""},
		{"too short", head + "Subject: unsubscribe Ae29AwFV3fm\r\n\r\n", ""},
		{"too long", head + "Subject: unsubscribe " + strings.Repeat(token, 3) + "\r\n\r\n", ""},
		{"another word", head + "Subject: resubscribed " + token + "\r\n\r\n", ""},
		{"far down", head + "Subject: stop\r\n\r\n" + strings.Repeat("a line of text\r\n", 5000) + "unsubscribe " + token, ""},
	} {
		got, err := mail.UnsubscribeRequest(strings.NewReader(tt.mail))
		if err != nil || got != tt.want {
			t.Errorf("%s: got %q, %v, want %q", tt.name, got, err, tt.want)
		}
	}
	if _, err := mail.UnsubscribeRequest(strings.NewReader("no mail at all")); err == nil {
		t.Error("what is no mail was read")
	}
}

func FuzzUnsubscribeRequest(f *testing.F) {
	f.Add("Subject: unsubscribe Ae29AwFV3fmT-Kr86svM_qU\r\n\r\n")
	f.Add("\r\nunsubscribe =\r\nAe29AwFV3fmT-Kr86svM_qU\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		token, _ := mail.UnsubscribeRequest(strings.NewReader(text))
		if strings.Trim(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("got the token %q of %q", token, text)
		}
	})
}
