package store

import (
	"context"
	"errors"
	"net/http"
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
	return unanswered(s.Describe(), operation, err)
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
