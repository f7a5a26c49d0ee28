// Package delivery takes planned deliveries to a relay and records what became of each, nothing lost and nothing twice.
//
// The planner writes deliveries in state pending, some hundred to a batch. From there:
//
//	claim    a worker leases a batch: lease_until, worker, and a fence that grows with each lease. The editions that send
//	         take turns, the least recently served one first; urgent ones have a queue of their own that goes before
//	load     addresses and names are joined now; who left since planning becomes skipped, what is too late expired
//	portion  neighbours go to different providers; what a provider's rate does not let out within two seconds, and what
//	         goes to a provider that is paused, is put aside at once
//	compose  the mail of the selection comes from a bounded cache, the reader's parts are filled in, it is signed
//	send     relay; just before the final dot the lease is checked and the journal gets a line
//	record   the answer goes to the journal at once and, with up to some hundred others, to the database
//
// A worker that dies leaves a journal. Whoever runs next in the same state folder reads it: answers are recorded as
// facts, a dot without an answer is uncertain, and the rest of the dead worker's batches is free again at once. Where
// the journal is gone with its host, all that is unrecorded of its batches is uncertain.
//
// Rates and pauses of providers hold over all workers. A pause begins when too many of a provider's last answers to this
// worker refuse us; an edition is paused when too many refuse what is in its messages. No lane ever waits for a provider:
// whoever takes nothing, holds up only the connections that hang.
//
// A delivery that is pending either stands in an open batch with next_try_at 0, or waits for its next try with
// next_try_at set, and a reason if it waits for something else than its recipient; the sweeper moves it to a new batch
// when that comes. All other states have next_try_at 0.
package delivery
