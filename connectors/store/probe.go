package store

import (
	"context"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// probeFolder holds what a doctor writes to find out what a store can do.
const probeFolder = "lavoir-doctor"

// skewAllowed is how far clocks may be apart: S3 refuses requests that are more
// than fifteen minutes off.
const skewAllowed = 5 * time.Minute

// tryObject writes, reads, lists and deletes an object.
func tryObject(ctx context.Context, s Store) error {
	const key, text = probeFolder + "/object", "lavoir was here"
	if _, err := s.Put(ctx, key, Bytes([]byte(text), "text/plain")); err != nil {
		return err
	}
	r, _, err := s.Open(ctx, key)
	if err != nil {
		return err
	}
	got, err := io.ReadAll(r)
	r.Close()
	if err != nil || string(got) != text {
		return messages.UploadDiffers.With("store", s.Describe(), "file", key)
	}
	if _, err := s.List(ctx, probeFolder+"/"); err != nil {
		return err
	}
	return s.Delete(ctx, key)
}

// race lets eight writers swap from one version at once, first from nothing,
// then from what is there: each time exactly one may win.
func race(ctx context.Context, s Store, key string) error {
	if err := s.Delete(ctx, key); err != nil {
		return err
	}
	defer s.Delete(context.WithoutCancel(ctx), key)
	version := ""
	for round := 0; round < 2; round++ {
		versions := make([]string, 8)
		var g errgroup.Group
		for i := range versions {
			g.Go(func() error {
				info, err := s.Swap(ctx, key, fmt.Appendf(nil, "{\"round\": %d, \"writer\": %d}\n", round, i), version)
				if messages.Has(err, messages.ConditionFailed) {
					return nil
				}
				versions[i] = info.Version
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
		winners := 0
		for _, v := range versions {
			if v != "" {
				winners, version = winners+1, v
			}
		}
		if winners != 1 {
			return messages.ConditionsIgnored.With("store", s.Describe())
		}
	}
	return nil
}

// skewed says that two clocks are too far apart.
func skewed(store string, ours, theirs time.Time) error {
	if d := ours.Sub(theirs).Abs(); d > skewAllowed {
		return messages.ClockSkewed.With("store", store, "difference", d.Round(time.Second))
	}
	return nil
}

// ending says that a certificate ends soon.
func ending(store string, now, expiry time.Time) pipelines.Finding {
	var err error
	if expiry.Sub(now) < 21*24*time.Hour {
		err = messages.CertificateEnding.With("store", store, "date", expiry.Format(time.DateOnly))
	}
	return finding("TLS certificate", err, "valid until "+expiry.Format(time.DateOnly))
}
