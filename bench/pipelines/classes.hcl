# Work scale of bench-privacy: rows of classes whose sizes are known.
project {
  memory          = "512MiB"
  state           = "state"
  fingerprint_key = secret.key
}

variable "data" {
  type = text
}

secret "key" {
  env = "BENCH_PRIVACY_KEY"
}

connection "local" "data" {
  path = var.data
}

connection "local" "portal" {
  path = "published"
}

pipeline "classes" {
  authorization {
    allowed   = true
    reference = "invented data"
  }
  source "file" "classes" {
    connection = connection.local.data
    path       = "classes.csv"
    format "csv" {
      columns = {
        ligne = int64
        q1    = int32
        q2    = int32
        q3    = int32
        q4    = int32
        q5    = int32
        q6    = int32
      }
    }
  }
  privacy {
    public = ["ligne"]
    quasi "q1" {}
    quasi "q2" {}
    quasi "q3" {}
    quasi "q4" {}
    quasi "q5" {}
    quasi "q6" {}
    model {
      k                 = 5
      suppression_limit = 0.5
    }
  }
  load "local" "portal" {
    connection = connection.local.portal
    file "parquet" {
      level = 1
    }
  }
}
