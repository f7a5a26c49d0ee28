// Package digest decides what goes to whom, and when.
//
// An article arrives with Store.Put: it is tagged with topics and gets a
// sequence number that follows the order of commits. A digest's subscriptions
// with the same zone form a cohort, which alone knows when it is due. When it
// is, the Planner makes a run: the edition of that slot for that cohort, with
// a window of sequence numbers that begins where the cohort's last run ended.
// For each subscription it picks from the window the stories of its topics,
// ranks and caps them; equal picks share one selection. Selections, batches
// and deliveries are written under unique keys, a page of subscriptions in one
// transaction, so that planning twice or on two hosts changes nothing. The
// Composer turns a selection into a mail; package delivery sends it.
package digest
