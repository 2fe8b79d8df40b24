# Work persons of bench-privacy: who uses the services of a town, published as k = 5.
project {
  memory          = "184MiB"
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

pipeline "persons" {
  authorization {
    allowed   = true
    reference = "invented data"
  }
  source "file" "persons" {
    connection = connection.local.data
    path       = "persons.csv"
    format "csv" {
      columns = {
        naissance   = date
        inscription = date
        quotient    = int32
        montant     = decimal(10, 2)
      }
    }
  }
  # The levels are given, so that others can do the same.
  privacy {
    public  = ["montant", "prestation"]
    subject = "personne"
    identifier "personne" {
      action    = "pseudonym"
      key       = secret.key
      rotate    = "per_release"
      canonical = "exact"
    }
    quasi "naissance" {
      period    = "year"
      min_level = 1
      max_level = 1
    }
    quasi "code_postal" {}
    quasi "inscription" {
      period    = "month"
      min_level = 1
      max_level = 1
    }
    quasi "quotient" {
      steps     = [200]
      min_level = 1
      max_level = 1
    }
    model {
      k                 = 5
      suppression_limit = 1
    }
  }
  load "local" "portal" {
    connection = connection.local.portal
    file "parquet" {
      level = 1
    }
  }
}
