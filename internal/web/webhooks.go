package web

import (
	"errors"
	"io"
	"net/http"

	"broadsheet/digest/ingest"
)

// Webhook is a system of the newsroom that tells of its stories by itself.
type Webhook struct {
	Kind   string // one of ingest.HookKinds
	Secret []byte
	Topics []string // slugs given to every story of it
}

// hookAnswer says what became of what was told: "new", "updated", "unchanged",
// "withdrawn", "unknown", "outdated" or "ignored".
type hookAnswer struct {
	Result string `json:"result"`
	Reason string `json:"reason,omitempty"`
}

// postWebhook takes what a system tells of a story that was published, changed,
// taken back or deleted there. Told again it changes nothing.
func (s *Server) postWebhook(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	hook, known := s.Webhooks[name]
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, apiLimit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		writeJSON(w, http.StatusRequestEntityTooLarge, errorList(refused(http.StatusRequestEntityTooLarge, "send at most %d bytes at once", apiLimit)))
		return
	case err != nil:
		writeJSON(w, http.StatusBadRequest, errorList(refused(http.StatusBadRequest, "the body could not be read")))
		return
	case !known || ingest.VerifyHook(hook.Kind, r.Header, body, hook.Secret, s.Now()) != nil:
		// One answer for both, so that nobody can try out names.
		writeJSON(w, http.StatusUnauthorized, errorList(refused(http.StatusUnauthorized, "there is no such webhook, or the signature is missing, wrong or old")))
		return
	}
	told, err := ingest.ReadHook(hook.Kind, name, body, s.Site.URL)
	if err == nil && !told.Gone && told.Ignored == "" {
		told.Story.Topics = append(told.Story.Topics, hook.Topics...)
		err = s.CheckArticle(&told.Story)
	}
	switch {
	case err != nil:
		s.Log.WarnContext(r.Context(), "webhook not understood", "webhook", name, "error", err)
		writeJSON(w, http.StatusUnprocessableEntity, errorList(articleErrors(0, err)))
		return
	case told.Ignored != "":
		writeJSON(w, http.StatusOK, hookAnswer{"ignored", told.Ignored})
		return
	}
	result, err := s.Told(r.Context(), name, told)
	if err != nil {
		s.failed(w, r, err, s.tellError)
		return
	}
	s.Log.InfoContext(r.Context(), "webhook received", "webhook", name, "result", result, "url", told.Story.URL)
	writeJSON(w, http.StatusOK, hookAnswer{Result: result})
}
