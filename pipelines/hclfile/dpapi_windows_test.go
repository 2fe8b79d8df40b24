package hclfile

import (
	"context"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// protect closes data for this account, as ConvertFrom-SecureString and
// ProtectedData.Protect do.
func protect(t *testing.T, data string) string {
	t.Helper()
	b := []byte(data)
	in := windows.DataBlob{Size: uint32(len(b)), Data: &b[0]}
	var out windows.DataBlob
	if err := windows.CryptProtectData(&in, nil, nil, 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out); err != nil {
		t.Fatal(err)
	}
	defer windows.LocalFree(windows.Handle(unsafe.Pointer(out.Data)))
	return string(unsafe.Slice(out.Data, out.Size))
}

func TestRevealDPAPI(t *testing.T) {
	sealed := protect(t, canary)
	torn := sealed[:len(sealed)/2]
	p := project(t, map[string]string{
		"a.hcl": `
secret "x" { dpapi = "secrets/x.bin" }
secret "torn" { dpapi = "torn.bin" }
secret "other" { dpapi = "other.bin" }
secret "absent" { dpapi = "absent.bin" }
`,
		"secrets/x.bin": sealed, "torn.bin": torn, "other.bin": "not protected by anybody",
	})
	ctx := context.Background()
	if got, err := p.Secrets.Reveal(ctx, "secret.x"); err != nil || got != canary {
		t.Errorf("%q, %v", got, err)
	}
	for _, name := range []string{"secret.torn", "secret.other"} {
		_, err := p.Secrets.Reveal(ctx, name)
		refused(t, err, messages.SecretUnreadable)
	}
	_, err := p.Secrets.Reveal(ctx, "secret.absent")
	refused(t, err, messages.SecretNotSet)
}
