package digest_test

import (
	"os"
	"strconv"
)

// seeds is how many random worlds are made where a test asks for so many: as many
// times as BROADSHEET_TEST_SEEDS says, for a long look.
func seeds(of uint64) uint64 {
	if times, err := strconv.ParseUint(os.Getenv("BROADSHEET_TEST_SEEDS"), 10, 32); err == nil {
		of *= times
	}
	return max(1, of/slower)
}
