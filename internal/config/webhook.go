package config

// Webhook is a system of the newsroom that tells of its stories by itself.
type Webhook struct {
	Slug   string   // required, unique; part of its address
	Kind   string   // "wordpress" or "ghost"
	Secret string   // that both sides share, of at least 20 characters
	Topics []string // slugs given to every story of it
}

const shortestHookSecret = 20

func readWebhooks(tables []*table) []Webhook {
	seen := slugs{}
	var out []Webhook
	for _, t := range tables {
		w := Webhook{Slug: t.slug(seen), Kind: t.choice("kind", "wordpress", "ghost"), Topics: t.topics()}
		if !given(t.lookup("secret_file")) {
			t.require("secret_file", `"webhook.secret"`)
		}
		secret := t.secretFile("secret_file")
		if w.Secret = secret.value; w.Secret != "" && len(w.Secret) < shortestHookSecret {
			t.complain("secret_file", "holds a secret of %d characters: it needs at least %d", len(w.Secret), shortestHookSecret)
		}
		t.done()
		out = append(out, w)
	}
	return out
}
