package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// fail makes a message of an error of the client. Texts of the client and of
// the server name keys and are left out; the server's code is kept.
func (s *s3) fail(operation string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || messages.Find(err) != nil {
		return err
	}
	var answer minio.ErrorResponse
	if errors.As(err, &answer) {
		return s.answered(operation, answer)
	}
	return s.unanswered(operation, err)
}

func (s *s3) answered(operation string, e minio.ErrorResponse) error {
	store := s.Describe()
	switch e.Code {
	case "NoSuchKey", "NoSuchUpload", "NoSuchVersion":
		return messages.NotFound.With("store", store)
	case "NoSuchBucket", "InvalidBucketName", "PermanentRedirect":
		return messages.NoSuchBucket.With("store", store)
	case "PreconditionFailed", "ConditionalRequestConflict", "OperationAborted":
		return messages.ConditionFailed.With("store", store)
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "AuthorizationHeaderMalformed",
		"InvalidRegion", "TokenRefreshRequired", "XAdminUserNotFound":
		return messages.CredentialRefused.With("store", store, "code", e.Code)
	case "AccessDenied", "AllAccessDisabled", "AccountProblem":
		return messages.NotAllowed.With("store", store, "operation", operation)
	case "RequestTimeTooSkewed", "RequestExpired":
		clock, _ := s.seen.told()
		return messages.ClockSkewed.With("store", store, "difference", s.env.Now().Sub(clock).Abs().Round(time.Second))
	case "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded", "InsufficientStorage", "EntityTooLarge":
		return messages.DiskFull.With("store", store)
	case "BadDigest", "XAmzContentSHA256Mismatch", "InvalidDigest", "IncompleteBody", "XAmzContentChecksumMismatch":
		return messages.UploadDiffers.With("store", store, "file", "what was sent")
	case "SlowDown", "SlowDownWrite", "SlowDownRead", "Throttling", "TooManyRequests", "ServiceUnavailable":
		return messages.StoreBusy.With("store", store, "code", e.Code)
	}
	// An unknown code with status 404 is not "no such object": taken for that, a
	// store in trouble would look like one where nothing was published yet.
	switch e.StatusCode {
	case http.StatusForbidden, http.StatusUnauthorized:
		return messages.NotAllowed.With("store", store, "operation", operation)
	case http.StatusPreconditionFailed:
		return messages.ConditionFailed.With("store", store)
	case http.StatusInsufficientStorage:
		return messages.DiskFull.With("store", store)
	}
	return messages.StoreFailed.With("store", store, "operation", operation, "code", plainCode(e))
}

// plainCode is the server's code if it looks like one, else the HTTP status.
func plainCode(e minio.ErrorResponse) string {
	ok := e.Code != "" && len(e.Code) < 60
	for _, r := range e.Code {
		ok = ok && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == ' ')
	}
	if ok {
		return e.Code
	}
	return http.StatusText(e.StatusCode)
}

func (s *s3) unanswered(operation string, err error) error {
	store := s.Describe()
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var dns *net.DNSError
	var timeout net.Error
	var file *fs.PathError
	switch {
	case errors.As(err, &file):
		return messages.StoreFailed.With("store", "the temporary folder", "operation", operation, "code", osReason(err))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return messages.CertificateExpired.With("store", store)
	case errors.As(err, &unknown):
		return messages.CertificateRefused.With("store", store, "reason", "its authority is unknown")
	case errors.As(err, &host):
		return messages.CertificateRefused.With("store", store, "reason", "it was made for another name")
	case errors.As(err, &verify), errors.As(err, &invalid):
		return messages.CertificateRefused.With("store", store, "reason", "it cannot be verified")
	case errors.As(err, &record):
		return messages.Unreachable.With("store", store, "reason", "it does not answer with TLS")
	case errors.As(err, &dns):
		return messages.Unreachable.With("store", store, "reason", "no such host")
	case errors.Is(err, syscall.ECONNREFUSED):
		return messages.Unreachable.With("store", store, "reason", "connection refused")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return messages.Unreachable.With("store", store, "reason", "no answer in time")
	case strings.Contains(err.Error(), "gave HTTP response to HTTPS client"):
		return messages.Unreachable.With("store", store, "reason", "it does not answer with TLS")
	case diskFull(err):
		return messages.DiskFull.With("store", "the temporary folder")
	}
	return messages.Unreachable.With("store", store, "reason", "the connection broke in "+operation)
}
