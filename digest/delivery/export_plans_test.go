package delivery

// LedgerQueries are those that run for each mail, batch or page of a list, by
// their names.
func LedgerQueries() map[string]string {
	return map[string]string{
		"roll": rollQuery, "abandon": abandonQuery, "finish": finishQuery, "release": releaseQuery,
		"record": recordQuery, "attempt": attemptQuery, "rebatch": rebatchQuery, "move up": moveUpQuery,
		"page by readers": pageByReaders, "page by batches": pageByBatches, "left": leftOfQuery,
		"count": countQuery, "next batch": nextBatchQuery, "delete": deleteQuery,
	}
}
