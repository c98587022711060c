# arms-pagerduty on AWS Lambda from a release's zip: the function, its public URL, its log group, and a role that may write
# to that log group and do nothing else. docs/terraform.md says how to use it.
#
# template.yaml in the repository's root can do more: durable delivery, alarms, a dashboard and a canary.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source = "hashicorp/aws"
      # The first that knows invoked_via_function_url.
      version = ">= 6.29.0"
    }
  }
}

variable "zip" {
  description = "Path of arms-pagerduty-lambda-x86_64.zip or arms-pagerduty-lambda-arm64.zip"
  type        = string
}

variable "architecture" {
  description = "Processor of the function: the one that the zip was built for"
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "It must be x86_64 or arm64."
  }
}

variable "name" {
  description = "Name of the function"
  type        = string
  default     = "arms-pagerduty"
}

variable "webhook_token" {
  description = "WEBHOOK_TOKEN, which every request must carry"
  type        = string
  sensitive   = true

  validation {
    condition     = can(regex("^[A-Za-z0-9._~-]{16,}(,[A-Za-z0-9._~-]{16,})?$", var.webhook_token))
    error_message = "It must be 16 or more letters, digits and . _ ~ -, or two of these with a comma between them."
  }
}

variable "settings" {
  description = "Further settings of docs/settings.md, for example { PAGERDUTY_REGION = \"eu\" }"
  type        = map(string)
  default     = {}
}

variable "log_retention_days" {
  description = "For how many days logs are kept. An event that could not be delivered is found only there."
  type        = number
  default     = 30
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "write_log" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function.arn}:*"]
  }
}

resource "aws_iam_role" "function" {
  name_prefix        = "${var.name}-"
  description        = "Lets the function write to its own log group and do nothing else"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "write_log" {
  name   = "write-own-log-group"
  role   = aws_iam_role.function.id
  policy = data.aws_iam_policy_document.write_log.json
}

resource "aws_lambda_function" "function" {
  function_name    = var.name
  description      = "Turns the webhooks of Alibaba Cloud ARMS into PagerDuty events"
  role             = aws_iam_role.function.arn
  filename         = var.zip
  source_code_hash = filebase64sha256(var.zip)
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  memory_size      = 128
  timeout          = 30

  environment {
    variables = merge(var.settings, { WEBHOOK_TOKEN = var.webhook_token })
  }

  # The function writes JSON itself, at the level that LOG_LEVEL sets.
  logging_config {
    log_group  = aws_cloudwatch_log_group.function.name
    log_format = "Text"
  }

  depends_on = [aws_iam_role_policy.write_log]
}

# ARMS cannot sign its requests, so the URL is open and the function itself checks the token.
resource "aws_lambda_function_url" "function" {
  function_name      = aws_lambda_function.function.function_name
  authorization_type = "NONE"
}

# A public URL needs both permissions.
resource "aws_lambda_permission" "url" {
  statement_id           = "public-url"
  action                 = "lambda:InvokeFunctionUrl"
  function_name          = aws_lambda_function.function.function_name
  principal              = "*"
  function_url_auth_type = "NONE"
}

resource "aws_lambda_permission" "invoke_by_url" {
  statement_id             = "public-invoke-by-url"
  action                   = "lambda:InvokeFunction"
  function_name            = aws_lambda_function.function.function_name
  principal                = "*"
  invoked_via_function_url = true
}

output "function_url" {
  description = "Paste it into ARMS, or give it to ../arms"
  value       = "${aws_lambda_function_url.function.function_url}v2/enqueue"
}

output "log_group" {
  description = "Where the function logs"
  value       = aws_cloudwatch_log_group.function.name
}
