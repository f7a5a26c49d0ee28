package browsertest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// openAttacked is a stall that asks everybody for proof of work.
func openAttacked(t *testing.T) *stall {
	t.Helper()
	return openStall(t, "BROADSHEET_SIGNUP_CHALLENGE=always")
}

// fillIn fills in our own form as far as it must be.
func (b *tab) fillIn(language string) {
	b.Helper()
	b.open("/mail/subscribe?lang=" + language)
	b.write("address", b.address)
	b.do("choose a topic", chromedp.Click(`[value=city]`))
	b.do("choose a digest", chromedp.Click(`[value=daily]`))
}

const solved = `document.querySelector('input[name=work]').value.split(',').length === 8`

func TestProofOfWorkInTheBrowser(t *testing.T) {
	s := openAttacked(t)
	b := openTab(t, startChromium(t), s.base, visitor{address: "worker@inbox.example", script: true, zone: "Pacific/Auckland"})
	b.fillIn("en")
	b.waitFor(solved)
	b.press("Sign up", 200)
	b.wantText("Check your inbox")

	// A form whose proof is not there in time leads to one that has it at once.
	for _, c := range []struct{ language, button, ready, name string }{
		{"en", "Go on", "You can go on now.", "step"},
		{"ar", "متابعة", "يمكنك المتابعة الآن.", "step-ar"},
	} {
		b.address = c.language + "@inbox.example"
		b.fillIn(c.language)
		eval[bool](b, `document.querySelector('input[name=work]').remove(), true`)
		b.load(428, "send it", chromedp.Click(`button[type=submit]`))
		b.waitFor(solved)
		b.wantText(c.ready)
		b.lookInto("challenge", c.name)
		b.press(c.button, 200)
		if d, err := s.Subscribers.ByAddress(t.Context(), b.address); err != nil || d.Name != "" || len(d.Subscriptions) != 1 {
			t.Errorf("%s: %+v, %v", b.address, d, err)
		}
	}
}

// TestStepWithoutScript waits as who has no script does.
func TestStepWithoutScript(t *testing.T) {
	s := openAttacked(t)
	b := openTab(t, startChromium(t), s.base, visitor{address: "patient@inbox.example", zone: "Pacific/Auckland"})
	b.fillIn("en")
	b.press("Sign up", 428)
	b.wantText("Please wait for 5 seconds")
	b.lookInto("challenge", "step")
	began := time.Now()
	for pressed := 1; ; pressed++ {
		response, err := chromedp.RunResponse(b.ctx, chromedp.Click(`button[type=submit]`))
		if err != nil || response == nil {
			t.Fatalf("go on: %v", err)
		}
		if response.Status == 200 {
			break
		}
		if response.Status != 428 || time.Since(began) > patience {
			t.Fatalf("go on: %s was answered with %d", response.URL, response.Status)
		}
		if pressed == 1 {
			b.wantText("a little too soon")
			b.lookInto("challenge", "step-early")
		}
	}
	b.wantText("Check your inbox")
}

// TestProofOfWorkTakesLittle measures the script. A phone of the middle range
// is some three to five times slower than one core of a desk.
func TestProofOfWorkTakesLittle(t *testing.T) {
	s := openAttacked(t)
	b := openTab(t, startChromium(t), s.base, visitor{script: true, zone: "UTC"})
	b.open("/mail/subscribe")
	b.waitFor(solved)
	const proofs = 20
	eval[bool](b, fmt.Sprintf(`import(document.querySelector('script[type=module]').src).then(async ({ solve }) => {
		window.took = [];
		for (let i = 0; i < %d; i++) {
			const began = performance.now();
			await solve('AQAAAZq1S8sAc2lnbmVkLXRva2VuLW9mLWEtZm9ybS0' + i, { parts: 8, bits: 14 });
			window.took.push(Math.round(performance.now() - began));
		}
		window.took.sort((a, b) => a - b);
		window.done = true;
	}), true`, proofs))
	b.waitFor(`window.done`)
	took := eval[[]int](b, `window.took`)
	t.Logf("a proof of work took %d ms, the slowest of %d %d ms", took[proofs/2], proofs, took[proofs-1])
	if took[proofs/2] > 1000 {
		t.Errorf("a proof of work takes %d ms, want less than a second even on a busy machine", took[proofs/2])
	}
}
