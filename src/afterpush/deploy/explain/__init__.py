"""Why a deployment failed: signatures of failures, searched for in logs of any length."""
