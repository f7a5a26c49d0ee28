//go:build !unix

package subscribers

import "os"

// keepOwner leaves the owner to the system.
func keepOwner(*os.File, string) error { return nil }

// syncFolder does nothing where folders cannot be synced.
func syncFolder(string) error { return nil }
