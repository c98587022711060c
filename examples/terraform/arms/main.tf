# The webhook contact in ARMS that sends alerts to arms-pagerduty. docs/terraform.md says how to use it, and how to do the
# same with the aliyun command line.
#
# The resource is new: it was proposed to the provider in September 2026 for version 1.294.0, and its arguments changed
# once while it was discussed. If your provider refuses these, compare them with its own documentation.

terraform {
  required_version = ">= 1.5"
  required_providers {
    alicloud = {
      source  = "aliyun/alicloud"
      version = ">= 1.294.0"
    }
  }
}

variable "region" {
  description = "Region of ARMS"
  type        = string
}

variable "url" {
  description = "The function's URL, with the path /v2/enqueue"
  type        = string
}

variable "webhook_token" {
  description = "The function's WEBHOOK_TOKEN"
  type        = string
  sensitive   = true
}

variable "integration_key" {
  description = "The Integration Key of the PagerDuty service: 32 letters and digits"
  type        = string
  sensitive   = true

  validation {
    condition     = can(regex("^[A-Za-z0-9]{32}$", var.integration_key))
    error_message = "It must be 32 letters and digits."
  }
}

provider "alicloud" {
  region = var.region
}

locals {
  # ARMS replaces $alertmanager_content with the notification, which is JSON, so it stands without quotes.
  body = "{\"integration_key\":\"${var.integration_key}\",\"content\":$alertmanager_content}"
}

resource "alicloud_arms_webhook_contact" "pagerduty" {
  webhook_contact_name = "PagerDuty"
  method               = "Post"
  url                  = var.url
  body                 = local.body
  recover_body         = local.body

  # Without this content type ARMS leaves $alertmanager_content as it is.
  biz_headers = {
    "Content-Type"    = "application/json"
    "x-webhook-token" = var.webhook_token
  }
}

output "webhook_id" {
  description = "Its number in ARMS"
  value       = alicloud_arms_webhook_contact.pagerduty.id
}
