package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// webForm is the first form of a page that is sent by POST, with the values
// that a browser would send.
type webForm struct {
	action string
	values url.Values
}

func openForm(ctx context.Context, page string) (*webForm, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
	if err != nil {
		return nil, err
	}
	status, body, err := do(req)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("%s was answered with %d", req.URL.Path, status)
	}
	f := &webForm{action: page, values: url.Values{}}
	tokens := html.NewTokenizer(strings.NewReader(body))
	inside := false
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			return nil, fmt.Errorf("%s has no form", req.URL.Path)
		}
		token := tokens.Token()
		attr := map[string]string{}
		for _, a := range token.Attr {
			attr[a.Key] = a.Val
		}
		switch {
		case kind == html.EndTagToken && token.Data == "form" && inside:
			return f, nil
		case token.Data == "form" && strings.EqualFold(attr["method"], "post"):
			inside = true
			target, err := req.URL.Parse(attr["action"])
			if err != nil {
				return nil, err
			}
			f.action = target.String()
		case inside && (token.Data == "input" || token.Data == "button") && attr["name"] != "":
			if attr["type"] == "hidden" || token.Data == "button" && attr["value"] != "" {
				f.values.Set(attr["name"], attr["value"])
			}
		}
	}
}

// post sends the form as a browser would.
func (f *webForm) post(ctx context.Context) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.action, strings.NewReader(f.values.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	status, body, err := do(req)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the form was answered with %d", status)
	}
	return body, err
}

func do(req *http.Request) (status int, body string, err error) {
	client := &http.Client{Timeout: 30 * time.Second}
	res, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return res.StatusCode, string(text), err
}
