param workspaceName string
param componentName string
param location string
param tags object

@minValue(30)
@maxValue(730)
param retentionDays int

@description('Gigabytes a day, after which nothing more is kept until the next day; as text, since Bicep has no fractions.')
param dailyCapGb string

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    workspaceCapping: { dailyQuotaGb: json(dailyCapGb) }
    features: { disableLocalAuth: true }
  }
}

resource component 'Microsoft.Insights/components@2020-02-02' = {
  name: componentName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

output workspaceId string = workspace.id
output componentId string = component.id
output componentName string = component.name
// No secret: without local authentication it only says where to send to.
output connectionString string = component.properties.ConnectionString
