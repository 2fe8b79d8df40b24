//go:build !windows

package hclfile

import "github.com/lavoir-data/lavoir/pipelines/messages"

func unprotect(ref string, _ []byte) ([]byte, error) {
	return nil, messages.SecretPlatform.With("name", ref)
}
