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
		if pair == "" || isTracking(name) || isAMPQuery(pair) {
			continue
		}
		kept = append(kept, escape(pair, queryBytes))
	}
	return strings.Join(kept, "&")
}

// isTracking says whether a parameter only tells where the reader came from, or
// who it is, so that the page is the same without it. Parameters that some sites use for
// content, such as ref, source and id, are never among them.
func isTracking(name string) bool {
	if decoded, err := url.QueryUnescape(name); err == nil {
		name = decoded
	}
	name = strings.ToLower(name)
	for _, prefix := range [...]string{
		"utm_", "pk_", "piwik_", "mtm_", "matomo_", "hsa_", "__hs", "wt.mc", "wt_mc", "at_custom", "at_link_", "at_bbc_", "at_ptr_",
		"guce_", "oly_", "vero_", "bsft_", "sfmc_", "elqtrack", "trk_", "aspsessionid",
	} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return slices.Contains(trackingNames, name)
}

// trackingNames are whole names, in lower case; families are prefixes above.
// The last line are session ids with names that mean nothing else.
var trackingNames = []string{
	"__s", "__twitter_impression", "_branch_match_id", "_bta_c", "_bta_tid", "_ga", "_gl", "_hsenc", "_hsmi", "_kx", "_openstat",
	"at_campaign", "at_campaign_type", "at_format", "at_medium", "ck_subscriber_id", "cmpid", "dclid", "dm_i", "elqaid", "elqcampaignid",
	"epik", "et_cid", "et_rid", "fb_action_ids", "fb_action_types", "fb_ref", "fb_source", "fbclid", "gad_campaignid", "gad_source",
	"gbraid", "gclid", "gclsrc", "guccounter", "hsctatracking", "igsh", "igshid", "irclickid", "li_fat_id", "mc_cid", "mc_eid",
	"mkt_tok", "ml_subscriber", "ml_subscriber_hash", "msclkid", "ncid", "ns_campaign", "ns_linkname", "ns_mchannel", "ns_source",
	"obclid", "ocid", "rb_clickid", "rdt_cid", "ref_src", "ref_url", "s_cid", "s_kwcid", "sc_cid", "smid", "srsltid", "taid", "tblci",
	"ttclid", "twclid", "wbraid", "wickedid", "xtor", "yclid", "ysclid",
	"asp.net_sessionid", "cfid", "cftoken", "jsessionid", "oscsid", "phpsessid",
}
