package hclfile

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/lavoir-data/lavoir/pipelines"
)

// vaultAnswer bounds what is read of a Vault's answer.
const vaultAnswer = 1 << 20

// askVault reads one field of a secret from the key-value engine, version 2.
func (k *keyring) askVault(ctx context.Context, c *vaultConfig) ([]byte, error) {
	token, err := k.Reveal(ctx, c.Token.Ref)
	if err != nil {
		return nil, err
	}
	client, err := k.vaultClient(c)
	if err != nil {
		return nil, err
	}
	defer client.HTTPClient.CloseIdleConnections()
	base, err := url.Parse(c.Address)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, errors.New("address is not a URL")
	}
	where := base.JoinPath("v1", strings.Trim(c.Mount, "/"), "data", strings.Trim(c.Path, "/"))
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, where.String(), nil)
	if err != nil {
		return nil, errors.New("address is not a URL")
	}
	req.Header.Set("X-Vault-Token", token)
	req.Header.Set("X-Vault-Request", "true")
	if c.Namespace != "" {
		req.Header.Set("X-Vault-Namespace", c.Namespace)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, unreached(err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotFound:
		return nil, errAbsent
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("HTTP %d", resp.StatusCode)
	}
	return vaultField(io.LimitReader(resp.Body, vaultAnswer), c.Field)
}

func vaultField(r io.Reader, field string) ([]byte, error) {
	var answer struct {
		Data struct {
			Data map[string]json.RawMessage `json:"data"`
		} `json:"data"`
	}
	if json.NewDecoder(r).Decode(&answer) != nil {
		return nil, errors.New("the answer is not that of a key-value engine, version 2")
	}
	raw, ok := answer.Data.Data[field]
	if !ok {
		return nil, errAbsent
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return nil, errors.New("the field is not a text")
	}
	return []byte(s), nil
}

// vaultClient follows no redirect: the token is for the address in the file alone.
func (k *keyring) vaultClient(c *vaultConfig) (*retryablehttp.Client, error) {
	client := retryablehttp.NewClient()
	client.Logger = nil
	client.RetryMax, client.RetryWaitMin, client.RetryWaitMax = 3, 100*time.Millisecond, 2*time.Second
	client.ErrorHandler = retryablehttp.PassthroughErrorHandler
	client.HTTPClient.Timeout = 30 * time.Second
	client.HTTPClient.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if c.CA == "" {
		return client, nil
	}
	pem, err := os.ReadFile(k.path(c.CA))
	if err != nil {
		return nil, fmt.Errorf("ca: %s", pipelines.Unreadable(err))
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("ca is not a PEM file of certificates")
	}
	tr, ok := client.HTTPClient.Transport.(*http.Transport)
	if !ok {
		return nil, errors.New("ca cannot be used here")
	}
	tr.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return client, nil
}

// unreached is why a server could not be reached, without its URL, which may
// hold a user's name.
func unreached(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
