// Package schedule says when a digest is due: cron expressions on local
// wall-clock time, and the instants that local times stand for.
//
// A [Schedule] knows no time zone. It yields slots, which are [Local] times: what
// a clock on the wall shows. [Local.In] then resolves a slot to the one instant
// it stands for in a zone, also where the clocks change:
//
//   - A time that the clocks skip is later by what they skip: where 02:00 is
//     followed by 03:00, the slot 02:30 is at 03:30. A date that a zone leaves out
//     whole, such as 2011-12-30 in Samoa, is later by that day. In Greenland, where
//     22:59 is followed by 00:00, the slot 23:30 is at 00:30 of the next date.
//   - A time that the clocks show twice is its first instant.
//
// A daily schedule thus has exactly one slot for each local date, and its instants
// only grow. The slot, not the instant, is the identity of what was due:
// a new edition of the time-zone database may move the instant of a slot that
// lies ahead, so instants that are stored are computed anew at start.
package schedule
