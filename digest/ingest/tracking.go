package ingest

import (
	"net/url"
	"slices"
	"strings"
)

// canonicalQuery drops empty and tracking parameters and keeps the others as
// they stand, in order: some sites sign the order.
func canonicalQuery(raw string) string {
	if raw == "" {
		return ""
	}
	var kept []string
	for pair := range strings.SplitSeq(raw, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if pair == "" || isTracking(name) {
			continue
		}
		kept = append(kept, escape(pair, queryBytes))
	}
	return strings.Join(kept, "&")
}

// isTracking says whether a parameter only tells where the reader came from,
// so that the page is the same without it. Parameters that some sites use for
// content, such as ref, source and id, are never among them.
func isTracking(name string) bool {
	if decoded, err := url.QueryUnescape(name); err == nil {
		name = decoded
	}
	name = strings.ToLower(name)
	for _, prefix := range [...]string{
		"utm_", "pk_", "piwik_", "mtm_", "matomo_", "hsa_", "__hs", "wt.mc", "wt_mc", "at_custom", "guce_", "oly_", "vero_",
	} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return slices.Contains(trackingNames, name)
}

// trackingNames are whole names, in lower case; families are prefixes above.
var trackingNames = []string{
	"__twitter_impression", "_branch_match_id", "_ga", "_gl", "_hsenc", "_hsmi", "_openstat",
	"at_campaign", "at_medium", "cmpid", "dclid", "dm_i", "epik", "fb_action_ids", "fb_action_types",
	"fb_ref", "fb_source", "fbclid", "gad_source", "gbraid", "gclid", "gclsrc", "guccounter", "hsctatracking",
	"igsh", "igshid", "irclickid", "li_fat_id", "mc_cid", "mc_eid", "mkt_tok", "ml_subscriber",
	"ml_subscriber_hash", "msclkid", "ns_campaign", "ns_linkname", "ns_mchannel", "ns_source", "ocid",
	"rb_clickid", "ref_src", "ref_url", "s_kwcid", "srsltid", "ttclid", "twclid", "wbraid", "wickedid",
	"xtor", "yclid", "ysclid",
}
