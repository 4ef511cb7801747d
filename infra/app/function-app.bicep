metadata description = 'The Flex Consumption plan, the app and every setting of it.'

param name string
param planName string
param location string
param tags object

@description('Service key of azure.yaml: how azd finds the app.')
param serviceName string

param identityId string
param identityClientId string

param storageAccountName string
param blobEndpoint string
param tableEndpoint string
param deploymentContainerName string
param keyVaultUrl string
param applicationInsightsConnectionString string

@description('Subnet of outgoing connections; empty for none.')
param subnetId string

@allowed([512, 2048, 4096])
param instanceMemoryMB int

@minValue(40)
@maxValue(1000)
param maximumInstanceCount int

@minValue(0)
param alwaysReadyInstances int

@minValue(1)
@maxValue(1000)
param perInstanceConcurrency int

@description('Origin under which clients reach the server: the app’s, or the gateway’s.')
param publicBaseUrl string

@description('Front ends that append to X-Forwarded-For: 1, or 2 behind a gateway.')
param trustedProxies int

param entraTenantId string
param entraAudiences string
param entraClientId string

@description('What of the code’s settings a person may choose; what is left out has the code’s own default.')
param options settingOptions

@export()
@description('Settings as the code reads them: text, lists separated by commas.')
type settingOptions = {
  ENTRA_ALLOWED_TENANTS: string
  ENTRA_ALLOWED_CLIENT_IDS: string
  ALLOWED_ORIGINS: string
  ENTRA_REQUIRED_SCOPES: string
  ENTRA_REQUIRED_APP_ROLES: string
  ENTRA_CLIENT_CREDENTIAL: 'managed-identity' | 'secret'
  MAX_REQUEST_BYTES: string
  MCP_CALLS_PER_MINUTE: string
  TABLE_PREFIX: string
  OAUTH_PROXY: 'on' | 'off'
  OAUTH_DCR: 'on' | 'off'
  OAUTH_CIMD: 'on' | 'off'
  OAUTH_CALLS_PER_MINUTE: string
  OAUTH_ALLOWED_REDIRECT_URIS: string
  OAUTH_EXTRA_AUTHORIZE_PARAMS: string
  TOKEN_EXPIRY_SECONDS: string
  REFRESH_TOKEN_EXPIRY_SECONDS: string
  BUILD_ID: string
  LOG_LEVEL: 'debug' | 'info' | 'warn' | 'error'
  OTEL_EXPORTER_OTLP_ENDPOINT: string
  OTEL_EXPORTER_OTLP_HEADERS: string
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' | 'http/json'
  OTEL_TRACES_SAMPLER_ARG: string
  OTEL_SDK_DISABLED: 'true' | 'false'
}

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource site 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': serviceName })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    // With whose right a setting that refers to a secret of the vault is read.
    keyVaultReferenceIdentity: identityId
    siteConfig: { minTlsVersion: '1.2' }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${blobEndpoint}${deploymentContainerName}'
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReadyInstances > 0 ? [{ name: 'http', instanceCount: alwaysReadyInstances }] : []
        triggers: { http: { perInstanceConcurrency: perInstanceConcurrency } }
      }
      runtime: { name: 'node', version: '22' }
    }
  }

  resource publishing 'basicPublishingCredentialsPolicies' = [
    for way in ['scm', 'ftp']: {
      name: way
      properties: { allow: false }
    }
  ]

  // Replaces the whole set: what is not here is gone with the next deployment.
  resource appSettings 'config' = {
    name: 'appsettings'
    properties: {
      // The host’s and the code’s.
      APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsightsConnectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'

      // The host’s own.
      AzureWebJobsStorage__accountName: storageAccountName
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identityClientId
      AzureWebJobsDisableHomepage: 'true'
      // Above MAX_REQUEST_BYTES at its most: the host answers an empty 500 where the code says 413.
      FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '12582912'

      // The exporter’s own: otherwise it sends statistics of itself to Microsoft.
      APPLICATION_INSIGHTS_NO_STATSBEAT: 'true'

      // The code’s, src/config/settings.ts.
      PUBLIC_BASE_URL: publicBaseUrl
      AUTH_REQUIRED: 'true'
      ENTRA_TENANT_ID: entraTenantId
      ENTRA_AUTHORITY: environment().authentication.loginEndpoint
      ENTRA_AUDIENCES: entraAudiences
      ENTRA_REQUIRED_SCOPES: options.ENTRA_REQUIRED_SCOPES
      ENTRA_REQUIRED_APP_ROLES: options.ENTRA_REQUIRED_APP_ROLES
      ENTRA_ALLOWED_TENANTS: options.ENTRA_ALLOWED_TENANTS
      ENTRA_ALLOWED_CLIENT_IDS: options.ENTRA_ALLOWED_CLIENT_IDS
      ALLOWED_ORIGINS: options.ALLOWED_ORIGINS
      MAX_REQUEST_BYTES: options.MAX_REQUEST_BYTES
      // The platform gives an instance fewer: what comes beyond has come another way.
      MAX_CONCURRENT_REQUESTS: string(perInstanceConcurrency * 4)
      MCP_CALLS_PER_MINUTE: options.MCP_CALLS_PER_MINUTE
      TABLES_URL: tableEndpoint
      TABLE_PREFIX: options.TABLE_PREFIX
      OAUTH_PROXY: options.OAUTH_PROXY
      ENTRA_CLIENT_ID: entraClientId
      ENTRA_CLIENT_CREDENTIAL: options.ENTRA_CLIENT_CREDENTIAL
      KEY_VAULT_URL: keyVaultUrl
      TOKEN_EXPIRY_SECONDS: options.TOKEN_EXPIRY_SECONDS
      REFRESH_TOKEN_EXPIRY_SECONDS: options.REFRESH_TOKEN_EXPIRY_SECONDS
      OAUTH_DCR: options.OAUTH_DCR
      OAUTH_CIMD: options.OAUTH_CIMD
      OAUTH_CALLS_PER_MINUTE: options.OAUTH_CALLS_PER_MINUTE
      OAUTH_ALLOWED_REDIRECT_URIS: options.OAUTH_ALLOWED_REDIRECT_URIS
      OAUTH_PREREGISTERED_CLIENTS: string(loadJsonContent('../preregistered-clients.json'))
      OAUTH_EXTRA_AUTHORIZE_PARAMS: options.OAUTH_EXTRA_AUTHORIZE_PARAMS
      TRUSTED_PROXIES: string(trustedProxies)
      AZURE_CLIENT_ID: identityClientId
      BUILD_ID: options.BUILD_ID
      LOG_LEVEL: options.LOG_LEVEL
      OTEL_EXPORTER_OTLP_ENDPOINT: options.OTEL_EXPORTER_OTLP_ENDPOINT
      OTEL_EXPORTER_OTLP_HEADERS: options.OTEL_EXPORTER_OTLP_HEADERS
      OTEL_EXPORTER_OTLP_PROTOCOL: options.OTEL_EXPORTER_OTLP_PROTOCOL
      OTEL_TRACES_SAMPLER_ARG: options.OTEL_TRACES_SAMPLER_ARG
      OTEL_SDK_DISABLED: options.OTEL_SDK_DISABLED
    }
  }
}

output hostName string = site.properties.defaultHostName
